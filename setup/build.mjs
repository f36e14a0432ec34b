// Bundles every program of src/entry into one self-contained CommonJS file in dist/.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
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
};

/**
 * A package that is loaded by `await import('name')` travels compressed inside the program: V8 has to scan
 * every character of a file before its first line runs, and the frameworks are ten times our own code
 * (measured: 30 ms of start-up for code that a healthy `check` never uses).
 */
const packPackages = {
  name: 'pack-packages',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^[a-z]/ }, ({ kind, path }) =>
      kind === 'dynamic-import' && !path.startsWith('node:') ? { path, namespace: 'packed' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'packed' }, async ({ path }) => {
      const { outputFiles } = await build({
        ...settings,
        stdin: { contents: `module.exports = require(${JSON.stringify(path)});`, resolveDir: root },
        write: false,
        legalComments: 'none',
      });
      const packed = brotliCompressSync(outputFiles[0].contents).toString('base64');
      const contents = `
        const { brotliDecompressSync } = require('node:zlib');
        const Module = require('node:module');
        const packed = new Module(__filename + '#${path}');
        packed.paths = [];
        packed._compile(brotliDecompressSync(Buffer.from('${packed}', 'base64')).toString(), __filename + '#${path}');
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
  define: { __VERSION__: JSON.stringify(`${version} (${commit()})`) },
  plugins: [packPackages],
});
// Renamed into place, so that a program that somebody starts meanwhile is whole.
mkdirSync(outdir, { recursive: true });
for (const { path, contents } of outputFiles) {
  writeFileSync(`${path}.new`, contents, { mode: 0o755 });
  renameSync(`${path}.new`, path);
}
