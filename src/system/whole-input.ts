import { isatty } from 'node:tty';

/** Milliseconds. oned has closed it before, or nobody ever will. */
const longestWait = 10_000;

/**
 * All of the standard input; nothing of a terminal's, since an admin tries a script by hand without an input. It is waited
 * for: once Node has looked at `process.stdin` a pipe does not block any more, and a read that comes before the data
 * finds nothing. What never ends is taken as far as it came.
 */
export function readInput(): Promise<Buffer> {
  if (isatty(0)) return Promise.resolve(Buffer.alloc(0));
  const pieces: Buffer[] = [];
  return new Promise((resolve) => {
    const { stdin } = process;
    const end = (): void => {
      clearTimeout(late);
      stdin.destroy();
      resolve(Buffer.concat(pieces));
    };
    const late = setTimeout(end, longestWait);
    stdin
      .on('data', (piece: Buffer) => pieces.push(piece))
      .once('end', end)
      .once('error', end);
  });
}
