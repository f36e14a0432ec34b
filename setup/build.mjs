// Bundles every program of src/entry into one self-contained CommonJS file in dist/.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const outdir = join(root, 'dist');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const settings = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  charset: 'utf8',
  logLevel: 'warning',
  absWorkingDir: root,
  // A require() where it stands: import() would start Node's loader of ES modules for what is CommonJS by now.
  supported: { 'dynamic-import': false },
  define: { __VERSION__: JSON.stringify(`${version} (${commit()})`) },
};

/**
 * What is loaded by `await import(…)`, a package or a module of ours, travels compressed inside the program: V8 has
 * to scan every character of a file before its first line runs, and the frameworks are ten times our own code
 * (measured: 30 ms of start-up for code that a healthy `check` never uses).
 *
 * A packed module of ours is a program of its own that shares nothing with what loads it but packed packages.
 */
const pack = {
  name: 'pack',
  setup({ onResolve, onLoad, resolve }) {
    onResolve({ filter: /./ }, async ({ kind, path, namespace, resolveDir }) => {
      if (path.startsWith('node:') || (kind !== 'dynamic-import' && namespace !== 'packed')) return undefined;
      if (!path.startsWith('.')) return { path, namespace: 'packed' };
      const ours = await resolve(path, { kind: 'import-statement', resolveDir });
      return { ...ours, namespace: 'packed' };
    });
    onLoad({ filter: /./, namespace: 'packed' }, async ({ path }) => {
      const isOurs = path.startsWith('/');
      const { outputFiles, metafile } = await build({
        ...settings,
        stdin: { contents: `module.exports = require(${JSON.stringify(path)});`, resolveDir: root },
        write: false,
        metafile: true,
        legalComments: 'none',
        // Stacks shall name our own code; nobody reads the packages' here.
        // Packages stay packed one by one. A require() instead of an import() is what the loader below can answer.
        ...(isOurs
          ? { packages: 'external' }
          : { minifyWhitespace: true, minifySyntax: true, minifyIdentifiers: true, keepNames: true }),
      });
      const [{ imports }] = Object.values(metafile.outputs);
      const packages = new Set(
        isOurs ? imports.map((found) => found.path).filter((name) => !isBuiltin(name)) : [],
      );
      const name = isOurs ? relative(root, path) : path;
      const packed = brotliCompressSync(outputFiles[0].contents).toString('base64');
      const contents = `
        const { brotliDecompressSync } = require('node:zlib');
        const Module = require('node:module');
        const packages = { ${[...packages].map((found) => `'${found}': () => require('${found}')`).join(', ')} };
        const packed = new Module(__filename + '#${name}');
        packed.paths = [];
        packed.require = (name) => (Object.hasOwn(packages, name) ? packages[name]() : require(name));
        packed._compile(brotliDecompressSync(Buffer.from('${packed}', 'base64')).toString(), __filename + '#${name}');
        module.exports = packed.exports;`;
      return { contents, loader: 'js', resolveDir: root };
    });
  },
};

function commit() {
  try {
    return execFileSync('git', ['-C', root, 'rev-parse', '--short=12', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown commit';
  }
}

const programs = readdirSync(join(root, 'src/entry')).filter((file) => file.endsWith('.ts'));
const { outputFiles } = await build({
  ...settings,
  write: false,
  entryPoints: programs.map((file) => join(root, 'src/entry', file)),
  outdir,
  outExtension: { '.js': '.cjs' },
  banner: { js: '#!/usr/bin/env node' },
  plugins: [pack],
});
// Renamed into place, so that a program that somebody starts meanwhile is whole.
mkdirSync(outdir, { recursive: true });
for (const { path, contents } of outputFiles) {
  writeFileSync(`${path}.new`, contents, { mode: 0o755 });
  renameSync(`${path}.new`, path);
}
