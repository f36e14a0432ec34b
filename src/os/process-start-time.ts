import { readFileSync } from 'node:fs';
import { parseStartTime } from './model/process-status';

/**
 * Clock ticks since boot at which a living process began: with the pid, its name for ever. `undefined` when the
 * process is gone, or only a zombie that does nothing any more.
 */
export function startTimeOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return /\) [ZX] /.test(stat) ? undefined : parseStartTime(stat);
  } catch {
    return undefined;
  }
}
