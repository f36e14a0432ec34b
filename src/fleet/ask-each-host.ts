/** Concurrent ssh connections. */
const maxConcurrentHosts = 16;

/** Calls `ask` for each host, some at a time; the results are in the order of the hosts. */
export async function askEachHost<H, T>(hosts: readonly H[], ask: (host: H) => Promise<T>): Promise<T[]> {
  const answers: T[] = [];
  const waiting = hosts.entries();
  const worker = async (): Promise<void> => {
    for (const [index, host] of waiting) answers[index] = await ask(host);
  };
  await Promise.all(Array.from({ length: maxConcurrentHosts }, worker));
  return answers;
}
