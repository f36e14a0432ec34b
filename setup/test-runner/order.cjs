// The order in which test files start: the slowest first, so that no worker runs one alone at the end; or, with a
// seed, a random one that the seed repeats. Pure.

/** Mulberry32 (public domain, Tommy Ettinger): a generator whose whole state is one 32-bit seed. */
function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Fisher–Yates over the sorted names: the order depends only on the seed and on the set of files. */
function shuffled(files, seed) {
  const random = randomFrom(seed);
  const order = [...files].sort();
  for (let left = order.length; left > 1; left -= 1) {
    const chosen = Math.floor(random() * left);
    [order[chosen], order[left - 1]] = [order[left - 1], order[chosen]];
  }
  return order;
}

/**
 * Seconds that are assumed for a file without a measured duration: more than most files take, less than the slow
 * ones.
 */
const assumed = 3;

/** `seconds(file)`: its duration, undefined if unknown. */
function slowestFirst(files, seconds) {
  const known = new Map(files.map((file) => [file, seconds(file) ?? assumed]));
  return [...files].sort((one, other) => known.get(other) - known.get(one) || (one < other ? -1 : 1));
}

module.exports = { randomFrom, shuffled, slowestFirst };
