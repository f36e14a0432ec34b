import { printableLines } from '../cli/escape';
import { textOf } from '../messages';
import type { WatchState } from './model/state';

/** What `watch --status` prints: how the host is watched, then each VM that is not safe. */
export function renderState({
  pid,
  directories,
  mounts,
  libvirt,
  logs,
  repaired,
  domains,
  version,
}: WatchState): string {
  const all = Object.entries(domains);
  const unsafe = all.filter(([, { verdict }]) => verdict !== 'safe');
  const pending = all.filter(([, vm]) => vm.pending).length;
  const { events, polled, rounds, full } = directories;
  const lines = [
    `process ${pid} (${version}) watches ${all.length} VMs; repaired since its start: ${repaired}`,
    `directories: ${events} by events, ${polled} looked at every few seconds, ${rounds} only in each round`,
    ...(full ? [textOf('watches-used-up')] : []),
    ...(mounts
      ? []
      : ['mounts are not noticed: findmnt does not run; every VM is looked at every half minute']),
    ...(libvirt
      ? []
      : [
          "libvirt's directory of running domains is not there, or cannot be watched (libvirt.state_directory)",
        ]),
    ...(logs ? [] : [textOf('logs-not-watched-now')]),
    ...unsafe.map(([name, { verdict, reason }]) => `${name}: ${verdict}: ${reason}`),
    ...(unsafe.length === 0 && libvirt ? ['every VM is safe'] : []),
    ...(pending > 0
      ? [`looked at again soon, because of a change or of another migrate-guard: ${pending}`]
      : []),
  ];
  return printableLines(`${lines.join('\n')}\n`);
}
