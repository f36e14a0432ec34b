// Every set of broken disks among one to four, each remedy on it, one after the other on the same VM: it has to
// live through all of them.

/** Every way to choose one or more of the first `count` numbers. */
export function everySet(count: number): number[][] {
  return Array.from({ length: 2 ** count - 1 }, (_, bits) =>
    Array.from({ length: count }, (__, index) => index).filter((index) => ((bits + 1) >> index) & 1),
  );
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
