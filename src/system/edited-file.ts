import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { errorName, GuardError } from '../core/errors';

/** Exchanges the text of a file of root's in one step; owner and mode stay. @throws GuardError */
export function replaceText(path: string, text: string): void {
  const file = realpathSync(path);
  refuseShared(file);
  const { uid, gid, mode } = statSync(file);
  const fresh = `${file}.migrate-guard-new`;
  rmSync(fresh, { force: true });
  const descriptor = openSync(fresh, 'wx', 0o600);
  try {
    writeFileSync(descriptor, text);
    fchownSync(descriptor, uid, gid);
    fchmodSync(descriptor, mode & 0o7777);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(fresh, file);
}

/**
 * A copy beside it, with its owner and mode. What is there already is no link that is followed: an older copy goes aside,
 * under the first name that is free, which is given back; the same one stays.
 */
export function keepCopy(file: string, copy: string): string | undefined {
  const text = readFileSync(file);
  const isThere = lstatSync(copy, { throwIfNoEntry: false }) !== undefined;
  if (isThere && readFileSync(copy).equals(text)) return undefined;
  const aside = isThere ? moveAside(copy) : undefined;
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  const descriptor = openSync(copy, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, 0o600);
  try {
    writeFileSync(descriptor, text);
    const { uid, gid, mode } = statSync(file);
    fchownSync(descriptor, uid, gid);
    fchmodSync(descriptor, mode & 0o7777);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  return aside;
}

function moveAside(file: string): string {
  for (let number = 1; ; number += 1) {
    const free = `${file}.${number}`;
    try {
      // Unlike a renaming, it replaces nothing.
      linkSync(file, free);
    } catch (error) {
      if (errorName(error) === 'EEXIST') continue;
      throw error;
    }
    unlinkSync(file);
    return free;
  }
}

/**
 * That root alone can change what is in the directory of a file, and exchange that directory: a sticky one above it is
 * no danger, where nobody can exchange what is root's. @throws GuardError
 */
export function refuseShared(file: string): void {
  const own = dirname(file);
  for (let path = own; ; path = dirname(path)) {
    const { uid, mode } = statSync(path);
    const isShared = (mode & 0o022) !== 0 && (path === own || (mode & 0o1000) === 0);
    if (uid !== 0 || isShared) {
      const what = `${path} can be changed by others than root, and root would write ${file}`;
      throw new GuardError('problem', what, `chown root: ${path}; chmod go-w ${path}`);
    }
    if (path === '/') return;
  }
}
