// jest's sequencer (https://jestjs.io/docs/configuration#testsequencer-string). jest's own one knows the duration of
// a file only from an earlier run on the same machine; durations.json provides it on a fresh clone, too.
const { relative } = require('node:path');
const Sequencer = require('@jest/test-sequencer').default;
const durations = require('./durations.json');
const { shuffled, slowestFirst } = require('./order.cjs');

module.exports = class extends Sequencer {
  sort(tests) {
    // jest's own sort adds the durations that it has recorded on this machine.
    const byFile = new Map(super.sort([...tests]).map((test) => [fileOf(test), test]));
    const files = [...byFile.keys()];
    const seed = process.env.MIGRATE_GUARD_ORDER;
    const order = seed === undefined ? slowestFirst(files, secondsOf) : shuffled(files, Number(seed));
    return order.map((file) => byFile.get(file));

    function secondsOf(file) {
      const measured = byFile.get(file).duration;
      return measured === undefined ? durations[file] : measured / 1000;
    }
  }
};

/** The path of a file below the tree, which is the same on every machine. */
function fileOf({ path, context }) {
  return relative(context.config.rootDir, path);
}
