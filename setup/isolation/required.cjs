// Runs before the first test of a tier that needs root: the tier must be isolated from the machine (init.sh).
const { accessSync, constants } = require('node:fs');

module.exports = () => {
  try {
    accessSync('/etc', constants.W_OK);
  } catch {
    return;
  }
  throw new Error(
    'here, these tests could change the machine: npm test -- --tier NAME PATTERN runs them where they cannot',
  );
};
