import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Lines, tooLong } from '../../os/model/line-splitter';

const pollIntervalMs = 10;

/** More than QEMU or libvirt write in one line. */
const maxLineBytes = 64 * 1024;

/** Each read is done before the next begins. */
const chunk = Buffer.allocUnsafe(64 * 1024);

/** Gets each line once. */
interface LineReader {
  take(line: string): void;
}

/**
 * QEMU's log from now on. Each call reads only what is new, and nothing is kept but the start of an incomplete line: the
 * log may grow by gigabytes during a move of hours.
 */
export class LogTail<Reader extends LineReader> {
  private readonly file: string;
  private readonly lines = new Lines(maxLineBytes);
  private descriptor: number | undefined;
  private position: number;

  /** Starts at the present end of the log. A log that cannot be read counts as empty. */
  constructor(
    directory: string,
    domain: string,
    private readonly reader: Reader,
  ) {
    this.file = join(directory, `${domain}.log`);
    this.descriptor = open(this.file);
    this.position = this.descriptor === undefined ? 0 : fstatSync(this.descriptor).size;
  }

  /** Reads what is new. After a rotation by virtlogd the old file is read to its end, then the new one. */
  look(): Reader {
    this.drain();
    const next = open(this.file);
    if (next === undefined) return this.reader;
    if (this.descriptor !== undefined && fstatSync(next).ino === fstatSync(this.descriptor).ino) {
      closeSync(next);
      return this.reader;
    }
    this.drain();
    this.close();
    this.descriptor = next;
    this.position = 0;
    this.drain();
    return this.reader;
  }

  /** Reads for the last time: an incomplete line counts, too. */
  last(): Reader {
    this.look();
    const rest = this.lines.rest();
    if (rest !== undefined) this.reader.take(rest);
    return this.reader;
  }

  /** Reads until the lines so far are as expected, for so many milliseconds at most. */
  async until(isExpected: (reader: Reader) => boolean, milliseconds: number): Promise<void> {
    const end = performance.now() + milliseconds;
    while (!isExpected(this.look()) && performance.now() < end) await pause(pollIntervalMs);
  }

  close(): void {
    if (this.descriptor !== undefined) closeSync(this.descriptor);
    this.descriptor = undefined;
  }

  private drain(): void {
    if (this.descriptor === undefined) return;
    // Without virtlogd, logrotate copies and truncates the log (libvirtd.qemu.logrotate.in): all of it is new then.
    if (fstatSync(this.descriptor).size < this.position) this.position = 0;
    for (;;) {
      const length = readSync(this.descriptor, chunk, 0, chunk.length, this.position);
      if (length === 0) return;
      this.position += length;
      for (const line of this.lines.take(chunk.subarray(0, length)))
        if (line !== tooLong) this.reader.take(line);
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
