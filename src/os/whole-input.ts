import type { Readable } from 'node:stream';
import { isatty } from 'node:tty';

/** oned has started to write by then, or there is no input. */
const inputTimeoutMs = 10_000;

/** All of the standard input; nothing from a terminal, where an admin tries a script by hand. */
export function readInput(): Promise<Buffer> {
  return isatty(0) ? Promise.resolve(Buffer.alloc(0)) : wholeOf(process.stdin);
}

/**
 * Waits for the data: once Node has opened `process.stdin` a pipe does not block any more, and an early read would find
 * nothing. Input that has started is read to its end: a mover must not get a part of it.
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
