import type { Unknown } from '../core/facts';
import { run } from './command';
import type { Argv } from './virsh-and-ssh';

/** Asks OpenNebula's own command line, as the user whose credentials it needs; `deadline` is in milliseconds. */
export async function askOpenNebula(
  command: 'onehook list -x' | 'onehost list -x',
  user: string,
  deadline: number,
): Promise<string | Unknown> {
  const isRoot = process.geteuid?.() === 0;
  // A login, because the credentials lie in that user's home.
  const argv: Argv = isRoot ? ['runuser', '-l', user, '-c', command] : ['sh', '-c', command];
  const { exit, stdout, stderr, timedOut } = await run(argv, { deadline, cwd: '/' });
  if (exit === 0) return stdout;
  if (timedOut) return { unknown: `no answer within ${deadline / 1000} s` };
  return { unknown: stderr.trim().split('\n').at(-1) || `it ended with ${exit ?? 'a signal'}` };
}
