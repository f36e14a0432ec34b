// yargs looks for a package.json in all directories above the program, to tell its version. We tell it.
module.exports = () => {
  throw new Error('there is no package.json');
};
