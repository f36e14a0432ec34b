// jest's counterpart of esbuild's text loader (settings.mjs): it imports a file as text.
module.exports = {
  process: (text) => ({ code: `module.exports = ${JSON.stringify(text)};` }),
};
