// The esbuild settings that every part of a program shares.
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
  // Minifying makes each start read a third less; lines are short, so that stack traces can name them.
  minifyWhitespace: true,
  lineLimit: 200,
  logLevel: 'warning',
  absWorkingDir: root,
  write: false,
  metafile: true,
  // `import()` becomes require() in place: import() would start Node's loader of ES modules for code that is
  // CommonJS.
  supported: { 'dynamic-import': false },
  alias: yargs.alias,
  // The files that a page embeds.
  plugins: [childProgram.childPrograms],
  loader: { '.css': 'text', '.client.js': 'text' },
  define: { __VERSION__: JSON.stringify(`${version} (${commit})`) },
};
