/** ssh connections at once. */
const maxConcurrentHosts = 16;

/** What `ask` gives for each host, in the order of the hosts; some are asked at a time. */
export async function ofEachHost<H, T>(hosts: readonly H[], ask: (host: H) => Promise<T>): Promise<T[]> {
  const answers: T[] = [];
  const waiting = hosts.entries();
  const worker = async (): Promise<void> => {
    for (const [index, host] of waiting) answers[index] = await ask(host);
  };
  await Promise.all(Array.from({ length: maxConcurrentHosts }, worker));
  return answers;
}
