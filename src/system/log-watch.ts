import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** Milliseconds between two looks. */
const interval = 10;

/** What QEMU has written to its log since a moment, read as it comes. */
export class LogWatch {
  private text = '';
  private readonly file: string;
  private readonly chunk = Buffer.allocUnsafe(64 * 1024);
  private descriptor: number | undefined;
  private position: number;

  /** Starts at the end of the log as it is now. A log that cannot be read stays empty. */
  constructor(directory: string, domain: string) {
    this.file = join(directory, `${domain}.log`);
    this.descriptor = open(this.file);
    this.position = this.descriptor === undefined ? 0 : fstatSync(this.descriptor).size;
  }

  /** All that was written so far. When virtlogd rotates the log away, its old file is read to the end, then the new. */
  read(): string {
    this.drain();
    const next = open(this.file);
    if (next === undefined) return this.text;
    if (this.descriptor !== undefined && fstatSync(next).ino === fstatSync(this.descriptor).ino) {
      closeSync(next);
      return this.text;
    }
    this.drain();
    this.close();
    this.descriptor = next;
    this.position = 0;
    this.drain();
    return this.text;
  }

  /** Reads on until the text is as expected, for so many milliseconds at most. */
  async until(isExpected: (text: string) => boolean, milliseconds: number): Promise<void> {
    const end = performance.now() + milliseconds;
    while (!isExpected(this.read()) && performance.now() < end) await pause(interval);
  }

  close(): void {
    if (this.descriptor !== undefined) closeSync(this.descriptor);
    this.descriptor = undefined;
  }

  private drain(): void {
    if (this.descriptor === undefined) return;
    // logrotate copies and truncates it where virtlogd is switched off (libvirtd.qemu.logrotate.in): all is new then.
    if (fstatSync(this.descriptor).size < this.position) this.position = 0;
    const { chunk } = this;
    for (;;) {
      const length = readSync(this.descriptor, chunk, 0, chunk.length, this.position);
      if (length === 0) return;
      this.position += length;
      this.text += chunk.toString('latin1', 0, length);
    }
  }
}

function open(file: string): number | undefined {
  try {
    return openSync(file, 'r');
  } catch {
    return undefined;
  }
}
