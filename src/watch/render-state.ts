import { printableLines } from '../cli/escape';
import type { WatchState } from './model/state';

/** What `watch --status` prints: how the host is watched, then each VM that is not safe. */
export function renderState({ pid, directories, mounts, repaired, domains, version }: WatchState): string {
  const all = Object.entries(domains);
  const unsafe = all.filter(([, { verdict }]) => verdict !== 'safe');
  const { events, polled, rounds } = directories;
  const lines = [
    `process ${pid} (${version}) watches ${all.length} VMs; repaired since its start: ${repaired}`,
    `directories: ${events} by events, ${polled} looked at every few seconds, ${rounds} only in each round`,
    ...(mounts ? [] : ['mounts are noticed only in each round: findmnt does not run']),
    ...unsafe.map(([name, { verdict, reason }]) => `${name}: ${verdict}: ${reason}`),
    ...(unsafe.length === 0 ? ['every VM is safe'] : []),
  ];
  return printableLines(`${lines.join('\n')}\n`);
}
