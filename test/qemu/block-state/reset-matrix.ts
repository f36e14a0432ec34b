// Every set of broken disks among one to four, each remedy on it, one after the other on the same VM: it has to
// live through all of them.

/** Every way to choose one or more of the first `count` numbers. */
function everySet(count: number): number[][] {
  return Array.from({ length: 2 ** count - 1 }, (_, bits) =>
    Array.from({ length: count }, (__, index) => index).filter((index) => ((bits + 1) >> index) & 1),
  );
}

/** `npm test -- --all`. */
const isAll = process.env['MIGRATE_GUARD_ALL_CASES'] !== undefined;

/**
 * The sets of disks to break. QEMU gives up its disks in order until one fails: the first one of a set decides. So of
 * more than three disks there is, for each first one, the smallest and the largest set; all of them with `--all`.
 */
export function setsOf(count: number): number[][] {
  const sets = everySet(count);
  if (isAll || count < 4) return sets;
  return sets.filter((set) => set.length === 1 || set.length === count - (set[0] ?? 0));
}

/** Works on all, some at a time; an error names what it belongs to. */
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
