import { closeSync, openSync } from 'node:fs';
import { GuardError } from '../core/errors';
import { message } from '../messages';

/** Needed to start a program: two for each of three pipes, and two by which libuv learns whether exec(2) succeeded. */
const descriptorsOfStart = 8;

export function noDescriptors(program: string): GuardError {
  return new GuardError('undecided', message('no-descriptors', { program }));
}

/**
 * To be called before execa starts a program: without descriptors Node returns a child without pipes, at which execa 9
 * throws; then the child emits an `error` event without a listener, which would end this process.
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
