import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Lines, tooLong } from '../../os/model/line-splitter';

/** Milliseconds between two looks. */
const pollIntervalMs = 10;

/** Longer than any line of QEMU's or libvirt's. */
const maxLineBytes = 64 * 1024;

/** Hears each line once. */
export interface LineReader {
  take(line: string): void;
}

/**
 * QEMU's log from a moment on. Each look reads only what is new, and nothing is kept but a line that has no end yet:
 * the log may grow by gigabytes during a move that lasts for hours.
 */
export class LogWatch<Reader extends LineReader> {
  private readonly file: string;
  private readonly chunk = Buffer.allocUnsafe(64 * 1024);
  private readonly lines = new Lines(maxLineBytes);
  private descriptor: number | undefined;
  private position: number;

  /** Starts at the end of the log as it is now. A log that cannot be read stays empty. */
  constructor(
    directory: string,
    domain: string,
    private readonly said: Reader,
  ) {
    this.file = join(directory, `${domain}.log`);
    this.descriptor = open(this.file);
    this.position = this.descriptor === undefined ? 0 : fstatSync(this.descriptor).size;
  }

  /** Reads what is new. When virtlogd rotates the log away, its old file is read to the end, then the new. */
  look(): Reader {
    this.drain();
    const next = open(this.file);
    if (next === undefined) return this.said;
    if (this.descriptor !== undefined && fstatSync(next).ino === fstatSync(this.descriptor).ino) {
      closeSync(next);
      return this.said;
    }
    this.drain();
    this.close();
    this.descriptor = next;
    this.position = 0;
    this.drain();
    return this.said;
  }

  /** The last look: a line that has no end is one, too. */
  last(): Reader {
    this.look();
    const rest = this.lines.rest();
    if (rest !== undefined) this.said.take(rest);
    return this.said;
  }

  /** Reads on until what was said is as expected, for so many milliseconds at most. */
  async until(isExpected: (said: Reader) => boolean, milliseconds: number): Promise<void> {
    const end = performance.now() + milliseconds;
    while (!isExpected(this.look()) && performance.now() < end) await pause(pollIntervalMs);
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
      for (const line of this.lines.take(chunk.subarray(0, length)))
        if (line !== tooLong) this.said.take(line);
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
