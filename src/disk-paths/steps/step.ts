import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  unlinkSync,
} from 'node:fs';
import { GuardError } from '../../core/errors';
import type { Permissions } from '../../core/owner-and-mode';
import type { Step } from '../../core/repair-step';
import type { HeldDomain } from '../../hypervisor/hold-domain';
import { openPath } from '../../os/open-file';
import type { FileTree } from '../../file-tree/tree';

/** Where a step acts: the domain's own tree, and the host's, whose owners and labels it copies. */
export interface Workplace {
  readonly held: HeldDomain;
  readonly host: FileTree;
  /** Links of the host, by their paths, that are to be made as if they pointed there already. */
  readonly links?: ReadonlyMap<string, string>;
}

/** Takes back exactly what one step did; does nothing where somebody else has changed it since. */
export type Undo = () => void;

/**
 * One executor per kind of step. Each makes its entry under a temporary name beside the final one, through the
 * parent's own descriptor, and lets it appear complete in one system call.
 * @throws the system's error, or a GuardError; the entry is then not there under its name.
 */
export type Executors = {
  readonly [Kind in Step['step']]: (step: Extract<Step, { step: Kind }>, place: Workplace) => Promise<Undo>;
};

/** An undo for the entry that now has the temporary name, and will have the final one. */
export function undoIfSame(final: string, temporary: string, takeBack: (final: string) => void): Undo {
  const { ino, dev } = lstatSync(temporary);
  return () => {
    const now = lstatSync(final, { throwIfNoEntry: false });
    if (now?.ino === ino && now.dev === dev) takeBack(final);
  };
}

/** Removes the temporary name of an entry that has its final one by now. @throws the system's error, with neither left. */
export function leaving(temporary: string, undo: Undo): Undo {
  try {
    unlinkSync(temporary);
    return undo;
  } catch (error) {
    undo();
    throw error;
  }
}

/**
 * Gives a fresh entry of root's own what `label` gives, then owner and mode, all through a descriptor of the very
 * entry: who may write its directory can put a link under its name, and chown(2), chmod(2) and setfacl(1) follow links.
 * @throws GuardError when something else has that name already.
 */
export async function finish(
  temporary: string,
  { mode, uid, gid }: Permissions,
  label: (pinned: string) => Promise<void>,
): Promise<void> {
  const descriptor = openSync(temporary, openPath | constants.O_NOFOLLOW);
  try {
    const made = fstatSync(descriptor);
    const ours = made.uid === 0 && (made.isBlockDevice() || made.isDirectory()) && (made.mode & 0o077) === 0;
    if (!ours) throw new GuardError('failed', `something took the place of ${temporary}`, 'run again');
    const pinned = `/proc/self/fd/${descriptor}`;
    await label(pinned);
    chownSync(pinned, uid, gid);
    chmodSync(pinned, mode);
  } finally {
    closeSync(descriptor);
  }
}

/** @throws GuardError when the directory of a path has gone since it was planned with. */
export function anchorOf(view: FileTree, path: string): string {
  const anchor = view.anchor(path);
  if (anchor === undefined)
    throw new GuardError('failed', `${path} has gone since it was looked at`, 'run again');
  return anchor;
}
