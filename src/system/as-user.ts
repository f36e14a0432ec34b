import type { Credentials } from '../core/process-status';

/**
 * Runs something short and synchronous with the file system credentials of a QEMU, so that the kernel itself
 * answers what that QEMU may do; real and saved ids stay root, so that nobody else may signal or trace us.
 * Effective capabilities go with the effective uid (capabilities(7)), unless QEMU kept CAP_DAC_OVERRIDE.
 * A QEMU that runs as uid 0 without capabilities has no such stand-in: `undefined`.
 * @throws what `action` throws.
 */
export function asUser<T>(credentials: Credentials, action: () => T): T | undefined {
  if (credentials.overridesAccess) return action();
  if (credentials.uid === 0) return undefined;
  const { getegid, geteuid, getgroups, setegid, seteuid, setgroups } = process;
  if (!getegid || !geteuid || !getgroups || !setegid || !seteuid || !setgroups || geteuid() !== 0)
    return undefined;
  const ownGroups = getgroups();
  const ownGid = getegid();
  try {
    setgroups([...credentials.groups]);
    setegid(credentials.gid);
    seteuid(credentials.uid);
    return action();
  } finally {
    seteuid(0);
    setegid(ownGid);
    setgroups(ownGroups);
  }
}
