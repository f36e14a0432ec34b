import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';

/** What QEMU has written to its log since a moment, read as it comes. */
export class LogWatch {
  private text = '';
  private readonly descriptor: number | undefined;
  private position: number;

  /** Starts at the end of the log as it is now. A log that cannot be read stays empty. */
  constructor(directory: string, domain: string, size: number) {
    this.position = size;
    try {
      this.descriptor = openSync(join(directory, `${domain}.log`), 'r');
    } catch {
      this.descriptor = undefined;
    }
  }

  /** All that was written so far. The descriptor stays on the file even when virtlogd rotates it away. */
  read(): string {
    if (this.descriptor === undefined) return '';
    const chunk = Buffer.alloc(64 * 1024);
    for (;;) {
      const length = readSync(this.descriptor, chunk, 0, chunk.length, this.position);
      if (length === 0) return this.text;
      this.position += length;
      this.text += chunk.toString('latin1', 0, length);
    }
  }

  close(): void {
    if (this.descriptor !== undefined) closeSync(this.descriptor);
  }
}
