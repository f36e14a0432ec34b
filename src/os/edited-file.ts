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
import { errorName, GuardError } from '../core/errors';
import { exchange } from './fresh-file';
import { withFile } from './open-file';

/** Exchanges the text of a file of root's in one step; owner and mode stay. @throws GuardError */
export function replaceText(path: string, text: string): void {
  const file = realpathSync(path);
  refuseShared(file);
  exchange(file, text, 0o600, asIs(file));
}

/** Gives a new file the owner and the mode of that one, and has it on the disk. */
function asIs(file: string): (descriptor: number) => void {
  const { uid, gid, mode } = statSync(file);
  return (descriptor) => {
    fchownSync(descriptor, uid, gid);
    fchmodSync(descriptor, mode & 0o7777);
    fsyncSync(descriptor);
  };
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
  const seal = asIs(file);
  const write = (descriptor: number): void => {
    writeFileSync(descriptor, text);
    seal(descriptor);
  };
  // O_EXCL follows no link (open(2)).
  withFile(copy, 'wx', write, 0o600);
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
