import { isBelowDev } from '../../file-tree/model/entry';
import { errorName, GuardError } from '../../core/errors';
import { isDevOfLibvirt, submountOfDev } from '../../file-tree/model/mounts';
import { remedyOf } from '../../core/remedy-of';
import { temporaryPrefix } from './dev-tree';
import type { HeldDomain } from '../../hypervisor/hold-domain';

/** Where one new entry goes: both names reach it through the descriptor of its directory, never through a path. */
export interface NewEntry {
  readonly final: string;
  readonly temporary: string;
}

/**
 * Finds the directory of a path inside QEMU's namespace and holds it. It must lie on the very mount that is
 * `/dev` there: a link, a bind mount or anything else put in its place is refused, not followed.
 * @throws GuardError `failed`.
 */
export function prepareEntry(path: string, { view, mounts, domain }: HeldDomain): NewEntry {
  const refuse = (why: string, cause?: unknown): GuardError => {
    const what = `${domain.name}: ${path} cannot be made in QEMU's mount namespace: ${why}`;
    const otherwise = `look at ${path} there: nsenter -t ${domain.pid ?? 0} -m ls -la ${path}`;
    return new GuardError('failed', what, remedyOf(cause, path, { otherwise }));
  };
  if (!isBelowDev(path) || submountOfDev(mounts, path)) throw refuse('only /dev itself is repaired');
  const cut = path.lastIndexOf('/');
  const directory = path.slice(0, cut);
  try {
    const anchor = view.anchor(path);
    // libvirt before 9.0 left the host's /dev below its own (src/qemu/qemu_namespace.c, qemuDomainUnshareNamespace).
    const dev = view.mountIdOf('/dev');
    const isLibvirts = mounts.some((mount) => mount.id === dev && isDevOfLibvirt(mount));
    if (anchor === undefined) throw refuse(`${directory} is not there as a directory`);
    if (!isLibvirts) throw refuse('/dev there is not the tmpfs that libvirt mounts');
    if (view.mountIdOf(directory) !== dev) throw refuse(`${directory} is not on the file system of /dev`);
    return {
      final: anchor,
      temporary: `${anchor.slice(0, anchor.lastIndexOf('/'))}/${temporaryPrefix}${process.pid}`,
    };
  } catch (error) {
    throw error instanceof GuardError ? error : refuse(errorName(error), error);
  }
}
