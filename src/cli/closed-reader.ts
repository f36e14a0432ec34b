/** Whether writing failed because nobody reads any more: no error of ours, and no reason to end. */
export function isClosedReader(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  // EIO: a terminal that hung up.
  return code === 'EPIPE' || code === 'EIO';
}

export function forgiveClosedReader(stream: NodeJS.WriteStream): void {
  stream.on('error', (error) => {
    if (!isClosedReader(error)) throw error;
  });
}
