import { closeSync, constants, openSync, readSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** O_TMPFILE (open(2)), which Node's constants lack. */
const withoutName = 0o20000000 | constants.O_DIRECTORY;
/** In bytes, more than any path that the child resolves. */
const maxPathBytes = 64 * 1024;

/**
 * A file without a name, into which the child writes the path that it is about to look at. A pipe would wake this process
 * for each of thousands of paths; the file is only read when an answer is late.
 */
export class ProgressFile {
  private constructor(readonly descriptor: number) {}

  /** @throws the system's error where no such file can be made. */
  static open(): ProgressFile {
    const flags = constants.O_RDWR | withoutName;
    try {
      return new ProgressFile(openSync('/dev/shm', flags, 0o600));
    } catch {
      return new ProgressFile(openSync(tmpdir(), flags, 0o600));
    }
  }

  /** The path that was written last; empty before the first one. */
  read(): string {
    const bytes = Buffer.alloc(maxPathBytes);
    const length = readSync(this.descriptor, bytes, 0, bytes.length, 0);
    const [path = ''] = bytes.toString('utf8', 0, length).split('\0');
    return path;
  }

  close(): void {
    closeSync(this.descriptor);
  }
}
