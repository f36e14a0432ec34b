// The jest transformer of TypeScript, which only removes types: `npm run types` checks them. CommonJS, because jest does
// not support real `import()`. esbuild needs a tenth of the processor time that TypeScript's own compiler needs, which
// each worker of each tier would have to load.
const { createHash } = require('node:crypto');
const { transformSync, version } = require('esbuild');

const settings = {
  loader: 'ts',
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  sourcemap: true,
  supported: { 'dynamic-import': false },
};
const ofSettings = JSON.stringify([version, settings]);

module.exports = {
  process: (text, sourcefile) => transformSync(text, { ...settings, sourcefile }),
  getCacheKey: (text, file) => createHash('sha256').update(`${ofSettings}\0${file}\0${text}`).digest('hex'),
};
