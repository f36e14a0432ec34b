import type { Credentials } from './model/process-status';
import type { Argv } from './isolated';

/**
 * The command that starts a program with the credentials of a QEMU, and with no capability but those by which that QEMU
 * itself overrides permissions. setpriv(1) is the host's: nothing is looked up in a mount namespace of QEMU. This process
 * never changes its own credentials: Node 20 refuses that where it uses io_uring (CVE-2024-22017).
 */
export function asUserArgv({ uid, gid, groups, overridesAccess }: Credentials): Argv {
  // setpriv takes no empty list.
  const others = groups.length > 0 ? [`--groups=${groups.join()}`] : ['--clear-groups'];
  const kept = capabilities(uid, overridesAccess);
  return ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, ...others, ...kept, '--'];
}

const accessCapabilities = '+dac_override,+dac_read_search';

function capabilities(uid: number, overridesAccess: boolean): string[] {
  if (!overridesAccess) return ['--inh-caps=-all', '--bounding-set=-all'];
  // exec(2) gives root the whole bounding set, and other users the ambient set (capabilities(7)).
  if (uid === 0) return ['--inh-caps=-all', `--bounding-set=-all,${accessCapabilities}`];
  return [`--inh-caps=-all,${accessCapabilities}`, `--ambient-caps=-all,${accessCapabilities}`];
}
