import { readFileSync } from 'node:fs';
import { parseStartTime } from './model/process-status';

/**
 * Start time of a living process, in clock ticks since boot; together with the pid it is unique. `undefined` when the
 * process is gone or a zombie.
 */
export function startTimeOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return /\) [ZX] /.test(stat) ? undefined : parseStartTime(stat);
  } catch {
    return undefined;
  }
}
