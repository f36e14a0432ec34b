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
import { message } from '../../messages';
import { openPath } from '../../os/open-file';
import type { FileTree } from '../../file-tree/tree';

/** A step of one kind. */
export type StepOf<Kind extends Step['step']> = Extract<Step, { step: Kind }>;

/** What a step works on: the domain's own tree, and the host's, whose owners and labels it copies. */
export interface Workplace {
  readonly held: HeldDomain;
  readonly host: FileTree;
  /** Links of the host, by their paths, that are to be made as if they had these targets already. */
  readonly links?: ReadonlyMap<string, string>;
}

/** Undoes exactly what one step did; does nothing where the entry has been changed since. */
export type Undo = () => void;

/**
 * One executor per kind of step. Each makes its entry under a temporary name next to the final one, through the
 * parent's own descriptor, and gives it the final name, complete, in one system call.
 * @throws the system's error, or a GuardError; the entry is then not there under its name.
 */
export type Executors = {
  readonly [Kind in Step['step']]: (step: StepOf<Kind>, place: Workplace) => Promise<Undo>;
};

/** An undo for the entry that now has the temporary name, and will have the final one. */
export function undoIfSame(final: string, temporary: string, undoIt: (final: string) => void): Undo {
  const { ino, dev } = lstatSync(temporary);
  return () => {
    const now = lstatSync(final, { throwIfNoEntry: false });
    if (now?.ino === ino && now.dev === dev) undoIt(final);
  };
}

/** Removes the temporary name of an entry that has its final one. @throws the system's error, with both names removed. */
export function removeTemporaryName(temporary: string, undo: Undo): Undo {
  try {
    unlinkSync(temporary);
    return undo;
  } catch (error) {
    undo();
    throw error;
  }
}

/**
 * Calls `label` for an entry that root has just made, then sets owner and mode, all through a descriptor of the very
 * entry: a user who may write its directory can replace it by a link, and chown(2), chmod(2) and setfacl(1) follow links.
 * @throws GuardError when something else has that name.
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
    if (!ours) throw new GuardError('failed', message('entry-exchanged', { path: temporary }));
    const pinned = `/proc/self/fd/${descriptor}`;
    await label(pinned);
    chownSync(pinned, uid, gid);
    chmodSync(pinned, mode);
  } finally {
    closeSync(descriptor);
  }
}

/** @throws GuardError when the directory of a path has gone since the repair was planned. */
export function fdPathOf(view: FileTree, path: string): string {
  const fdPath = view.fdPath(path);
  if (fdPath === undefined) throw new GuardError('failed', message('directory-vanished', { path }));
  return fdPath;
}
