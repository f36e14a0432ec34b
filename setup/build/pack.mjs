// What a program loads by `await import(…)`, a package or a module of ours, travels packed in its file and is unpacked
// when it is asked for. A packed module of ours is a program of its own that shares nothing with what loads
// it but packed packages.
import { isBuiltin } from 'node:module';
import { relative } from 'node:path';
import { build } from 'esbuild';
import { root } from './release.mjs';
import { settings } from './settings.mjs';

/** An esbuild plugin that fills `packs`, the text of each packed module by its name, and `metafiles`, what is in them. */
export function pack(packs, metafiles) {
  return {
    name: 'pack',
    setup({ onResolve, onLoad, resolve }) {
      onResolve({ filter: /./ }, async ({ kind, path, namespace, resolveDir }) => {
        if (path.startsWith('node:') || (kind !== 'dynamic-import' && namespace !== 'packed'))
          return undefined;
        if (!path.startsWith('.')) return { path, namespace: 'packed' };
        const ours = await resolve(path, { kind: 'import-statement', resolveDir });
        // Its name stands in what is built: so not where this tree happens to lie.
        return { path: relative(root, ours.path), namespace: 'packed', pluginData: ours.path };
      });
      onLoad({ filter: /./, namespace: 'packed' }, async ({ path, pluginData }) => {
        const { name, text, packages, metafile } = await bundleAlone(path, pluginData);
        metafiles.push(metafile);
        packs.set(name, text);
        return { contents: loader(name, packages), loader: 'js', resolveDir: root };
      });
    },
  };
}

/** `file`: where a module of ours is. */
async function bundleAlone(name, file) {
  const isOurs = file !== undefined;
  const { outputFiles, metafile } = await build({
    ...settings,
    stdin: { contents: `module.exports = require(${JSON.stringify(file ?? name)});`, resolveDir: root },
    // Stacks shall name our own code; nobody reads the packages' here. Packages stay packed one by one.
    ...(isOurs
      ? { packages: 'external' }
      : { minifyWhitespace: true, minifySyntax: true, minifyIdentifiers: true, keepNames: true }),
  });
  const [{ imports }] = Object.values(metafile.outputs);
  const names = isOurs ? imports.map((found) => found.path).filter((name) => !isBuiltin(name)) : [];
  return {
    name,
    text: outputFiles[0].text,
    packages: [...new Set(names)],
    metafile,
  };
}

/** `unpack` is what single-file.mjs gives to the program. */
function loader(name, packages) {
  return `
    const Module = require('node:module');
    const packages = { ${packages.map((found) => `'${found}': () => require('${found}')`).join(', ')} };
    const packed = new Module(__filename + '#${name}');
    packed.paths = [];
    packed.require = (name) => (Object.hasOwn(packages, name) ? packages[name]() : require(name));
    packed._compile(unpack('${name}'), __filename + '#${name}');
    module.exports = packed.exports;`;
}
