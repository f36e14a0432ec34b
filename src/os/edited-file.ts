import {
  fchmodSync,
  fchownSync,
  fsyncSync,
  linkSync,
  lstatSync,
  readFileSync,
  realpathSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { errorName } from '../core/error-name';
import { GuardError } from '../core/errors';
import { message } from '../messages';
import { replaceFile } from './atomic-file';
import { withFile } from './open-file';

/** Replaces the text of a file of root in one step; owner and mode stay. @throws GuardError */
export function replaceText(path: string, text: string): void {
  const file = realpathSync(path);
  refuseShared(file);
  replaceFile(file, text, 0o600, copyOwnerAndMode(file));
}

/** For a new file: sets the owner and the mode of this one, and writes it to the disk. */
function copyOwnerAndMode(file: string): (descriptor: number) => void {
  const { uid, gid, mode } = statSync(file);
  return (descriptor) => {
    fchownSync(descriptor, uid, gid);
    fchmodSync(descriptor, mode & 0o7777);
    fsyncSync(descriptor);
  };
}

/**
 * Makes a copy next to a file, with its owner and mode. An older, different copy is renamed to the first free name, which
 * is returned; an identical one stays. No link is followed.
 */
export function keepCopy(file: string, copy: string): string | undefined {
  const text = readFileSync(file);
  const isThere = lstatSync(copy, { throwIfNoEntry: false }) !== undefined;
  if (isThere && readFileSync(copy).equals(text)) return undefined;
  const aside = isThere ? moveAside(copy) : undefined;
  const seal = copyOwnerAndMode(file);
  const write = (descriptor: number): void => {
    writeFileSync(descriptor, text);
    seal(descriptor);
  };
  // O_EXCL does not follow a link (open(2)).
  withFile(copy, 'wx', write, 0o600);
  return aside;
}

function moveAside(file: string): string {
  for (let number = 1; ; number += 1) {
    const free = `${file}.${number}`;
    try {
      // link(2), because rename(2) would replace an existing file.
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
 * Checks that root alone can change the directory of a file, and replace any directory above it. Above it a sticky
 * directory is safe, because there no other user can replace what root owns. @throws GuardError
 */
export function refuseShared(file: string): void {
  const own = dirname(file);
  for (let path = own; ; path = dirname(path)) {
    const { uid, mode } = statSync(path);
    const isShared = (mode & 0o022) !== 0 && (path === own || (mode & 0o1000) === 0);
    if (uid !== 0 || isShared) {
      throw new GuardError('problem', message('path-shared', { path, file }));
    }
    if (path === '/') return;
  }
}
