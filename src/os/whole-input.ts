import type { Readable } from 'node:stream';
import { isatty } from 'node:tty';

/** Milliseconds. oned has begun to write by then, or nobody ever will. */
const inputTimeoutMs = 10_000;

/** All of the standard input; nothing of a terminal's, since an admin tries a script by hand without an input. */
export function readInput(): Promise<Buffer> {
  return isatty(0) ? Promise.resolve(Buffer.alloc(0)) : wholeOf(process.stdin);
}

/**
 * It is waited for: once Node has looked at `process.stdin` a pipe does not block any more, and a read that comes before
 * the data finds nothing. What has begun is taken as a whole: a mover that gets a part of it may do anything.
 */
export function wholeOf(input: Readable): Promise<Buffer> {
  const pieces: Buffer[] = [];
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(late);
      input.destroy();
      resolve(Buffer.concat(pieces));
    };
    const late = setTimeout(end, inputTimeoutMs);
    input
      .on('data', (piece: Buffer) => {
        clearTimeout(late);
        pieces.push(piece);
      })
      .once('end', end)
      .once('error', end);
  });
}
