import { lchownSync, lstatSync, readlinkSync, renameSync, symlinkSync, unlinkSync } from 'node:fs';
import { errorName, GuardError } from '../core/errors';
import type { LinkEntry } from '../core/entry';
import { asUser } from './as-user';
import { freshName } from './fresh-file';
import { TreeView } from './view';

/**
 * Points a link of the host elsewhere, atomically, provided that it still points where it did when it was
 * judged. In a directory that only root can write root does it; elsewhere the link's own owner does, so that
 * root never changes the owner of a name that someone else could exchange.
 * @throws GuardError `failed`; the link is then as it was.
 */
export function replaceLink(path: string, before: LinkEntry, target: string): void {
  const host = TreeView.open('/');
  try {
    const directory = host.look(path.slice(0, path.lastIndexOf('/')) || '/');
    const anchor = host.anchor(path);
    if (anchor === undefined || directory.kind !== 'directory') throw failed(path, 'its directory is gone');
    const byRoot = before.uid === 0 || (directory.uid === 0 && (directory.mode & 0o022) === 0);
    const replace = (): void => exchange(anchor, before, target, byRoot);
    if (byRoot) replace();
    else asUser({ uid: before.uid, gid: before.gid, groups: [before.gid], overridesAccess: false }, replace);
    if (readlinkSync(anchor) !== target) throw failed(path, `it points to ${readlinkSync(anchor)}`);
  } catch (error) {
    throw error instanceof GuardError ? error : failed(path, errorName(error), error);
  } finally {
    host.close();
  }
}

export function isLinkTo(path: string, target: string): boolean {
  try {
    return readlinkSync(path) === target;
  } catch {
    return false;
  }
}

function exchange(anchor: string, before: LinkEntry, target: string, byRoot: boolean): void {
  const temporary = freshName(anchor);
  symlinkSync(target, temporary);
  try {
    if (byRoot && before.uid !== 0) lchownSync(temporary, before.uid, before.gid);
    if (!lstatSync(anchor).isSymbolicLink() || readlinkSync(anchor) !== before.target) {
      throw new GuardError(
        'failed',
        `the link changed meanwhile: it no longer points to ${before.target}`,
        'run again',
      );
    }
    renameSync(temporary, anchor);
  } catch (error) {
    unlinkSync(temporary);
    throw error;
  }
}

function failed(path: string, why: string, cause?: unknown): GuardError {
  return new GuardError('failed', `${path} could not be re-pointed: ${why}`, `look at ls -la ${path}`, {
    cause,
  });
}
