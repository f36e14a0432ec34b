import type { Unknown } from '../core/facts';
import { run } from './command';
import { asKeyHolder, type Argv } from './virsh-and-ssh';

/** Milliseconds. onevm is Ruby and asks oned, which may be busy. */
const deadline = 60_000;

export interface Printed {
  readonly printed: string;
}

/** The XML of a VM, as `onevm show -x` prints it; or why there is none. As OpenNebula's user, who may see all VMs. */
export async function showVm(vmId: string, user: string): Promise<Printed | Unknown> {
  return onevm(['show', '-x', vmId], user);
}

/** Has OpenNebula begin a live migration. It says success before the migration begins. */
export async function migrateLive(vmId: string, host: string, user: string): Promise<Printed | Unknown> {
  return onevm(['migrate', '--live', vmId, host], user);
}

async function onevm(words: readonly string[], user: string): Promise<Printed | Unknown> {
  const argv: Argv = asKeyHolder(user, ['onevm', ...words]);
  const { exit, stdout, stderr, timedOut, missing } = await run(argv, { deadline, cwd: '/' });
  if (exit === 0) return { printed: stdout };
  if (timedOut) return { unknown: `onevm ${words.join(' ')} did not answer within ${deadline / 1000} s` };
  if (missing || stderr.startsWith('runuser: failed to execute'))
    return { unknown: 'onevm is not installed here: this is no front-end' };
  const said = (stderr.trim() || stdout.trim()).split('\n').at(-1);
  return { unknown: `onevm ${words.join(' ')}: ${said || `it ended with ${exit ?? 'a signal'}`}` };
}
