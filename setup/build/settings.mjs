// What every part of a program is bundled with.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

export const settings = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  charset: 'ascii',
  legalComments: 'none',
  logLevel: 'warning',
  absWorkingDir: root,
  write: false,
  metafile: true,
  // A require() where it stands: import() would start Node's loader of ES modules for what is CommonJS by now.
  supported: { 'dynamic-import': false },
  // What a page carries along.
  loader: { '.css': 'text', '.client.js': 'text' },
  define: { __VERSION__: JSON.stringify(`${version} (${commit()})`) },
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
