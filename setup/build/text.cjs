// jest's counterpart of esbuild's text loader (settings.mjs): a file that is imported as its own text.
module.exports = {
  process: (text) => ({ code: `module.exports = ${JSON.stringify(text)};` }),
};
