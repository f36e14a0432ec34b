import {
  closeSync,
  constants,
  lchownSync,
  lstatSync,
  openSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { basename, dirname } from 'node:path';
import { getSystemErrorMap } from 'node:util';
import { errorName } from '../../core/error-name';
import { GuardError } from '../../core/errors';
import type { LinkEntry } from '../../file-tree/model/entry';
import { remedyOf } from '../../core/remedy-of';
import { message, textOf } from '../../messages';
import { asUserArgv } from '../../os/as-user-argv';
import { runCommand } from '../../os/run-command';
import { usualPath, withDescriptors } from '../../os/isolated';
import { freshName } from '../../os/atomic-file';
import { FileTree } from '../../file-tree/tree';

/** Deadline for one link, in milliseconds. */
const exchangeDeadlineMs = 10_000;
const environment = { LC_ALL: 'C', PATH: usualPath };

/**
 * Re-points a link of the host, atomically, provided that it still has the target with which it was checked. In a
 * directory that only root can write root does it; elsewhere the link's own owner does, so that root never changes
 * the owner of a name that another user could exchange.
 * @throws GuardError `failed`; the link is then as it was
 */
export async function replaceLink(path: string, before: LinkEntry, target: string): Promise<void> {
  const host = FileTree.open('/');
  try {
    const directory = host.look(path.slice(0, path.lastIndexOf('/')) || '/');
    const fdPath = host.fdPath(path);
    if (fdPath === undefined || directory.kind !== 'directory') throw failed(path, textOf('directory-gone'));
    const byRoot = before.uid === 0 || (directory.uid === 0 && (directory.mode & 0o022) === 0);
    if (byRoot) exchange(fdPath, before, target);
    else await exchangeAsOwner(fdPath, before, target);
    if (readlinkSync(fdPath) !== target)
      throw failed(path, textOf('points-elsewhere', { target: readlinkSync(fdPath) }));
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

function exchange(fdPath: string, before: LinkEntry, target: string): void {
  const temporary = freshName(fdPath);
  symlinkSync(target, temporary);
  try {
    if (before.uid !== 0) lchownSync(temporary, before.uid, before.gid);
    expectUnchanged(fdPath, before);
    renameSync(temporary, fdPath);
  } catch (error) {
    unlinkSync(temporary);
    throw error;
  }
}

/** Runs the host's ln(1) and mv(1) as the link's owner, in the directory of the descriptor that they get. */
async function exchangeAsOwner(fdPath: string, before: LinkEntry, target: string): Promise<void> {
  const temporary = `/proc/self/fd/3/${basename(freshName(fdPath))}`;
  const final = `/proc/self/fd/3/${basename(fdPath)}`;
  const owner = { uid: before.uid, gid: before.gid, groups: [before.gid], overridesAccess: false };
  const directory = openSync(dirname(fdPath), constants.O_RDONLY | constants.O_DIRECTORY);
  const asOwner = async (...argv: readonly string[]): Promise<void> => {
    const options = { deadline: exchangeDeadlineMs, cwd: '/', inherit: directory };
    const command = withDescriptors(4, [...asUserArgv(owner), ...argv]);
    const { exit, stderr } = await runCommand({ argv: command, environment }, options);
    if (exit !== 0) throw errorInWords(stderr.trim().split(': ').at(-1) || `${argv[0] ?? ''} failed`);
  };
  try {
    await asOwner('ln', '--symbolic', '--no-target-directory', '--', target, temporary);
    try {
      expectUnchanged(fdPath, before);
      await asOwner('mv', '--force', '--no-target-directory', '--', temporary, final);
    } catch (error) {
      await asOwner('rm', '--force', '--', temporary);
      throw error;
    }
  } finally {
    closeSync(directory);
  }
}

/** A command prints strerror(3) in the locale C; Node knows the errors by their names. */
function errorInWords(words: string): Error {
  const known = [...getSystemErrorMap().values()].find(([, text]) => text === words.toLowerCase());
  return Object.assign(new Error(words), known ? { code: known[0] } : {});
}

function expectUnchanged(fdPath: string, before: LinkEntry): void {
  if (lstatSync(fdPath).isSymbolicLink() && readlinkSync(fdPath) === before.target) return;
  throw new GuardError('failed', message('link-changed', { target: before.target }));
}

function failed(path: string, reason: string, cause?: unknown): GuardError {
  const remedy = remedyOf(cause, path, { otherwise: textOf('look-at-link', { path }) });
  return new GuardError(
    'failed',
    { ...message('link-not-re-pointed', { path, reason }), remedy },
    undefined,
    { cause },
  );
}
