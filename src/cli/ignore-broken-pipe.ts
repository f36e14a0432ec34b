/** Whether a write failed because the reader has closed its end: not an error of this program. */
export function isBrokenPipe(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  // EIO: a terminal that hung up.
  return code === 'EPIPE' || code === 'EIO';
}

/** A closed stream must not end the program that guards a migration; on stderr no error may, as of a full disk. */
export function ignoreBrokenPipe(stream: NodeJS.WriteStream): void {
  stream.on('error', (error) => {
    if (stream !== process.stderr && !isBrokenPipe(error)) throw error;
  });
}
