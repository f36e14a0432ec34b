export interface Dice {
  /** An integer from 0 to `limit - 1`. */
  below(limit: number): number;
  /** Returns true with this probability. */
  chance(probability: number): boolean;
}

/** Mulberry32: the same seed gives the same numbers on every machine. */
export function seeded(seed: number): Dice {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { below: (limit) => Math.floor(next() * limit), chance: (probability) => next() < probability };
}
