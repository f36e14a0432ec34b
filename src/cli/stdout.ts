import { writeSync } from 'node:fs';
import { errorName } from '../core/errors';
import { isClosedReader } from './ignore-broken-pipe';

/**
 * Writes to stdout. Straight to the descriptor: `process.stdout` loads Node's streams (and its network, for a pipe),
 * a tenth of what a healthy check takes. A reader that went away (`check --all | head`) is no error of ours.
 */
export function print(text: string): void {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if (isClosedReader(error)) return;
      // Someone made the pipe non-blocking, and its reader is slow.
      if (errorName(error) !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}
