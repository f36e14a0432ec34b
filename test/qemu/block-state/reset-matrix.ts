// Every set of broken disks among one to four, with each remedy, one after the other on the same VM: it must survive
// all of them.

/** Every non-empty subset of the first `count` numbers. */
function everySet(count: number): number[][] {
  return Array.from({ length: 2 ** count - 1 }, (_, bits) =>
    Array.from({ length: count }, (__, index) => index).filter((index) => ((bits + 1) >> index) & 1),
  );
}

/** `npm run test:resets` sets it. */
const isAll = process.env['MIGRATE_GUARD_RESETS'] === 'all';

/** How many disks the VMs have: one and several, and with `npm run test:resets` every number up to four. */
export const diskCounts = isAll ? [1, 2, 3, 4] : [1, 4];

/**
 * The sets of disks to break. QEMU hands over its disks in order until one fails: the first one of a set matters. So
 * this returns, for each first one, the smallest and the largest set; all with
 * `npm run test:resets`.
 */
export function setsOf(count: number): number[][] {
  const sets = everySet(count);
  if (isAll) return sets;
  return sets.filter((set) => set.length === 1 || set.length === count - (set[0] ?? 0));
}

/** Works on all items, several at a time; an error names its item. */
export async function inParallel<T>(
  all: readonly T[],
  workers: number,
  work: (one: T) => Promise<void>,
): Promise<void> {
  const pending = [...all];
  const next = async (): Promise<void> => {
    for (let one = pending.shift(); one !== undefined; one = pending.shift()) {
      try {
        await work(one);
      } catch (cause) {
        throw new Error(`with ${JSON.stringify(one)}: ${String(cause)}`, { cause });
      }
    }
  };
  await Promise.all(Array.from({ length: workers }, next));
}
