import { closeSync, openSync } from 'node:fs';
import { GuardError } from '../core/errors';

/** What it takes to start a program: two for each of three pipes, and two by which libuv hears whether exec(2) worked. */
const descriptorsOfStart = 8;

/** That a program cannot be started because this process may hold no more descriptors. */
export function noDescriptors(program: string): GuardError {
  const what = `${program} cannot be started: this process may hold no more descriptors`;
  return new GuardError('undecided', what, 'raise the limit (ulimit -n), and run again');
}

/**
 * To be asked before execa starts a program: without descriptors Node gives it a child without pipes, at which execa 9
 * throws, and then an `error` event of that child which nobody hears, and which ends us.
 * @throws GuardError
 */
export function expectSpareDescriptors(program: string): void {
  const spare: number[] = [];
  try {
    while (spare.length < descriptorsOfStart) spare.push(openSync('/dev/null', 'r'));
  } catch {
    throw noDescriptors(program);
  } finally {
    spare.forEach(closeSync);
  }
}
