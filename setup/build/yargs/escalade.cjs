// yargs searches all directories above the program for a package.json, to find its version. We pass the version, so
// nothing must be searched.
module.exports = () => {
  throw new Error('there is no package.json');
};
