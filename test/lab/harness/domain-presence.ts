import { readdirSync } from 'node:fs';
import type { Host } from './lab-host';

export interface Presence {
  /** The state according to libvirt there: `running`, `paused`, `shut off`…; `unknown`: libvirt does not answer. */
  readonly state: string;
  /** The number of QEMUs with that name there, whatever libvirt reports. */
  readonly processes: number;
}

export const ABSENT: Presence = { state: 'absent', processes: 0 };

export async function presenceOn(host: Host, name: string): Promise<Presence> {
  return { state: await stateOn(host, name), processes: countQemus(host, name) };
}

async function stateOn(host: Host, name: string): Promise<string> {
  const virsh = ['virsh', '--connect', 'qemu:///system'] as const;
  const list = await host.run([...virsh, 'list', '--all', '--name'], { deadline: 10_000 });
  if (list.exit !== 0) return 'unknown';
  if (!list.stdout.split('\n').includes(name)) return 'absent';
  const { exit, stdout } = await host.run([...virsh, 'domstate', name], { deadline: 10_000 });
  // The domain may have ended in between; the next query shows that.
  return exit === 0 ? stdout.trim() : 'unknown';
}

function countQemus(host: Host, name: string): number {
  const pids = readdirSync(host.path('/proc')).filter((entry) => /^\d+$/.test(entry));
  return pids.filter((pid) => {
    try {
      const argv = host.read(`/proc/${pid}/cmdline`).split('\0');
      const guest = argv[argv.indexOf('-name') + 1];
      return argv.includes('-name') && guest?.split(',').includes(`guest=${name}`);
    } catch {
      return false;
    }
  }).length;
}
