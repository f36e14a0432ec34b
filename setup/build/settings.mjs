// What every part of a program is bundled with.
import childProgram from './child-program.cjs';
import { commit, root, version } from './release.mjs';
import yargs from './yargs/index.cjs';

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
  alias: yargs.alias,
  // What a page carries along.
  plugins: [childProgram.childPrograms],
  loader: { '.css': 'text', '.client.js': 'text' },
  define: { __VERSION__: JSON.stringify(`${version} (${commit})`) },
};
