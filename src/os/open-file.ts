import { closeSync, constants, openSync } from 'node:fs';

/** O_PATH, which Node's constants lack; the value is that of every Linux architecture Node runs on. */
export const openPath = 0o10000000;

/** To read a file that others may have put there: no link is followed, and no pipe is waited at. */
export const plainly = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** To add to a file of our own. */
export const appending = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;

/** What `use` makes of an open file at once; it is closed then. @throws the system's error, and what `use` throws */
export function withFile<T>(
  path: string,
  flags: string | number,
  use: (descriptor: number) => T,
  mode?: number,
): T {
  const descriptor = openSync(path, flags, mode);
  try {
    return use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
