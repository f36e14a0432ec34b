/** Whether writing failed because nobody reads any more: no error of ours, and no reason to end. */
export function isClosedReader(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  // EIO: a terminal that hung up.
  return code === 'EPIPE' || code === 'EIO';
}

/** What is done counts more than that it is told: on stderr nothing may end us, a full disk neither. */
export function forgiveClosedReader(stream: NodeJS.WriteStream): void {
  stream.on('error', (error) => {
    if (stream !== process.stderr && !isClosedReader(error)) throw error;
  });
}
