// The part of yargs that the programs contain: the file that require() finds, without its instance for the command
// line of the process (the file that import() would find breaks lines of the help inside words), and nothing that
// reads files.
const { join } = require('node:path');

exports.alias = {
  'yargs/yargs': require.resolve('yargs/yargs'),
  y18n: join(__dirname, 'y18n.cjs'),
  'escalade/sync': join(__dirname, 'escalade.cjs'),
};
