// A file `x.child.ts` is a program that runs in a separate process. A module that imports it gets that program as
// text, bundled into one piece of CommonJS: Node gets it by -e, because the user of that process may not be able to
// read our files.
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
  // The build contains names of files, so they must not depend on the directory of this tree.
  absWorkingDir: join(__dirname, '../..'),
};

/** Replaces a `.child.ts` file by a module that exports its program as text. */
function textModule(file) {
  const [{ text }] = buildSync({ ...settings, entryPoints: [file] }).outputFiles;
  return `exports.__esModule = true; exports.default = ${JSON.stringify(text)};`;
}

/** The esbuild plugin. */
const childPrograms = {
  name: 'child-programs',
  setup({ onLoad }) {
    onLoad({ filter: /\.child\.ts$/ }, ({ path }) => ({ contents: textModule(path), loader: 'js' }));
  },
};

module.exports = {
  childPrograms,
  // The jest transformer: the key of its cache covers imports, too, because they may change while the file itself
  // does not.
  process: (_, file) => ({ code: textModule(file) }),
  getCacheKey: (_, file) => createHash('sha256').update(textModule(file)).digest('hex'),
};
