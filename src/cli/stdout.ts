import { writeSync } from 'node:fs';
import { errorName } from '../core/error-name';
import { GuardError } from '../core/errors';
import { message } from '../messages';
import { isBrokenPipe } from './ignore-broken-pipe';

/**
 * Writes to stdout, directly to the descriptor: a failure is then an error of the caller, not an event. A closed pipe
 * (`check --all | head`) is not an error. @throws GuardError for any other, as of a full disk
 */
export function print(text: string): void {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if (isBrokenPipe(error)) return;
      // A pipe that another program made non-blocking, with a slow reader.
      if (errorName(error) !== 'EAGAIN')
        throw new GuardError('undecided', message('stdout-not-written', { error: errorName(error) }));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}
