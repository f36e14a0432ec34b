import { isBelowDev } from '../../file-tree/model/entry';
import { errorName } from '../../core/error-name';
import { GuardError } from '../../core/errors';
import { isDevOfLibvirt, submountOfDev } from '../../file-tree/model/mounts';
import { remedyOf } from '../../core/remedy-of';
import { message, type Message } from '../../messages';
import { temporaryPrefix } from './dev-tree';
import type { HeldDomain } from '../../hypervisor/hold-domain';

/** The names of one new entry: both reach it through the descriptor of its directory, never through a path. */
export interface NewEntry {
  readonly final: string;
  readonly temporary: string;
}

/**
 * Opens the directory of a path inside QEMU's namespace. It must lie on the very mount that is `/dev` there: a link, a
 * bind mount or anything else in its place is refused, not followed.
 * @throws GuardError `failed`.
 */
export function prepareEntry(path: string, { view, mounts, domain }: HeldDomain): NewEntry {
  const refuse = (why: Message, cause?: unknown): GuardError => {
    const refused = message('entry-refused', { domain: domain.name, path, why, pid: domain.pid ?? 0 });
    return new GuardError('failed', {
      ...refused,
      remedy: remedyOf(cause, path, { otherwise: refused.remedy }),
    });
  };
  if (!isBelowDev(path) || submountOfDev(mounts, path)) throw refuse(message('entry-outside-dev'));
  const cut = path.lastIndexOf('/');
  const directory = path.slice(0, cut);
  try {
    const fdPath = view.fdPath(path);
    // libvirt before 9.0 left the host's /dev below its own (src/qemu/qemu_namespace.c, qemuDomainUnshareNamespace).
    const dev = view.mountIdOf('/dev');
    const isLibvirts = mounts.some((mount) => mount.id === dev && isDevOfLibvirt(mount));
    if (fdPath === undefined) throw refuse(message('directory-missing', { directory }));
    if (!isLibvirts) throw refuse(message('dev-replaced'));
    if (view.mountIdOf(directory) !== dev) throw refuse(message('directory-on-other-mount', { directory }));
    return {
      final: fdPath,
      temporary: `${fdPath.slice(0, fdPath.lastIndexOf('/'))}/${temporaryPrefix}${process.pid}`,
    };
  } catch (error) {
    throw error instanceof GuardError ? error : refuse({ what: errorName(error) }, error);
  }
}
