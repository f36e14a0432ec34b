import { closeSync, constants, openSync } from 'node:fs';

/** O_PATH, which Node's constants lack; the value is that of every Linux architecture Node runs on. */
export const openPath = 0o10000000;

/** To read a file that others may have made: follows no link, and does not wait for a FIFO's writer. */
export const plainly = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** To add to a file of our own. */
export const appending = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;

/** Opens a file, returns the result of `use`, and closes the file. @throws the system's error, and what `use` throws */
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
