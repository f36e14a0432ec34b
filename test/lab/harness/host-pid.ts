import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * The pid that the real machine has for a process inside a host.
 *
 * @param hostPid the host's first process, as the real machine counts
 * @param pid as the host counts
 */
export function outerPid(hostPid: number, pid: number): number {
  const namespace = readlinkSync(`/proc/${hostPid}/ns/pid`);
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      if (readlinkSync(`/proc/${entry}/ns/pid`) !== namespace) continue;
      const pids = /^NSpid:\s*(.*)$/m.exec(readFileSync(`/proc/${entry}/status`, 'utf8'))?.[1]?.split(/\s+/);
      if (pids?.at(-1) === String(pid)) return Number(entry);
    } catch {
      // Gone since the directory was read.
    }
  }
  throw new Error(`the host with first process ${hostPid} has no process ${pid}`);
}
