import { lstatSync, mkdirSync } from 'node:fs';
import { GuardError } from '../core/errors';
import { message } from '../messages';

/** Makes a directory for root's records, if it is missing. @throws GuardError when others than root can write there. */
export function makeRootDirectory(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o750 });
  const stat = lstatSync(directory);
  if (stat.isDirectory() && stat.uid === 0 && (stat.mode & 0o022) === 0) return;
  throw new GuardError('notPermitted', message('directory-shared', { directory }));
}
