import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * Translates the pid of a process inside a host into its pid on the real machine.
 * @param hostPid the host's first process, on the real machine
 * @param pid on the host
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
      // The process has ended since the directory was read.
    }
  }
  throw new Error(`the host with first process ${hostPid} has no process ${pid}`);
}
