import { spawn } from 'node:child_process';
import type { Argv } from './isolated';

/**
 * Starts a command for which nobody waits, in a session of its own: it outlives us, holds none of the pipes that oned
 * reads to their ends, and what it says is lost. timeout(1) of coreutils ends it after so many seconds.
 */
export function startDetached(seconds: number, argv: Argv): void {
  try {
    const words = ['--kill-after=5', `${seconds}`, ...argv];
    const child = spawn('timeout', words, { cwd: '/', detached: true, stdio: 'ignore' });
    child.on('error', () => undefined);
    child.unref();
  } catch {
    // It is about what was done, which counts more than that it is told.
  }
}
