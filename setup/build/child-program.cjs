// A file `x.child.ts` is the program of a process of its own. Whoever imports it gets that program, bundled into one
// piece of CommonJS, as text: it is given to Node by -e, because its user may not be able to read our files.
const { createHash } = require('node:crypto');
const { join } = require('node:path');
const { buildSync } = require('esbuild');

const settings = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  charset: 'ascii',
  legalComments: 'none',
  write: false,
  // Names of files stand in what is built: so not where this tree happens to lie.
  absWorkingDir: join(__dirname, '../..'),
};

/** The module that stands for a `.child.ts` file: its program, as text. */
function textModule(file) {
  const [{ text }] = buildSync({ ...settings, entryPoints: [file] }).outputFiles;
  return `exports.__esModule = true; exports.default = ${JSON.stringify(text)};`;
}

/** An esbuild plugin. */
const childPrograms = {
  name: 'child-programs',
  setup({ onLoad }) {
    onLoad({ filter: /\.child\.ts$/ }, ({ path }) => ({ contents: textModule(path), loader: 'js' }));
  },
};

module.exports = {
  childPrograms,
  // jest's transformer: what a program imports may change while its own file does not.
  process: (_, file) => ({ code: textModule(file) }),
  getCacheKey: (_, file) => createHash('sha256').update(textModule(file)).digest('hex'),
};
