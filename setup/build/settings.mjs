// What every part of a program is bundled with.
import childProgram from './child-program.cjs';
import { lazyBuiltins } from './lazy-builtins.mjs';
import { commit, root, version } from './release.mjs';

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
  plugins: [childProgram.childPrograms, lazyBuiltins],
  loader: { '.css': 'text', '.client.js': 'text' },
  define: { __VERSION__: JSON.stringify(`${version} (${commit})`) },
};
