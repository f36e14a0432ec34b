// What every part of a program is bundled with.
import { createRequire } from 'node:module';
import childProgram from './child-program.cjs';
import { commit, root, version } from './release.mjs';

export const settings = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  charset: 'ascii',
  legalComments: 'none',
  // A third less to read at each start; short lines, so that stacks can name them.
  minifyWhitespace: true,
  lineLimit: 200,
  logLevel: 'warning',
  absWorkingDir: root,
  write: false,
  metafile: true,
  // A require() where it stands: import() would start Node's loader of ES modules for what is CommonJS by now.
  supported: { 'dynamic-import': false },
  // The yargs that import() would get breaks lines in the middle of words.
  alias: { yargs: createRequire(import.meta.url).resolve('yargs') },
  // What a page carries along.
  plugins: [childProgram.childPrograms],
  loader: { '.css': 'text', '.client.js': 'text' },
  define: { __VERSION__: JSON.stringify(`${version} (${commit})`) },
};
