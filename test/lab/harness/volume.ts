import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { installGuest, installQcow2Guest, readCounter } from './guest';
import { installTimedGuest } from './timed-guest';
import { verifyPattern } from './write-pattern';
import { installPatternGuest, type PatternGuestOptions } from './write-pattern-guest';

/**
 * A block device that stands for a volume of shared storage: a loop device on a sparse file. The device exists as
 * long as this process: the file is deleted, and the device is cleared when the last process closes it. So nothing is
 * left behind, however and whenever the process ends.
 */
export class Volume {
  private constructor(
    /** `/dev/loopN` on the real machine. */
    readonly device: string,
    readonly major: number,
    readonly minor: number,
    private fd: number | undefined,
  ) {}

  static async create(bytes = 1024 * 1024): Promise<Volume> {
    const directory = mkdtempSync(join(tmpdir(), 'migrate-guard-volume-'));
    try {
      const file = join(directory, 'volume.img');
      writeFileSync(file, '');
      truncateSync(file, bytes);
      const { device, fd } = await attach(file);
      const { rdev } = statSync(device);
      return new Volume(device, (rdev >> 8) & 0xfff, (rdev & 0xff) | ((rdev >> 12) & 0xfff00), fd);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }

  /** `major:minor`, in decimal. */
  get rdev(): string {
    return `${this.major}:${this.minor}`;
  }

  /** `loopN` */
  get name(): string {
    return this.device.slice('/dev/'.length);
  }

  /** Writes the counting guest to it. `writesTo`: its drives in boot order; `[]` for a guest that only counts. */
  installGuest(options: { writesTo: readonly number[] }): void {
    installGuest(this.device, options);
  }

  /** Writes it into an image of 1 MiB. `readCounter` does not find what that guest writes. */
  installQcow2Guest(options: { writesTo: readonly number[] }): Promise<void> {
    return installQcow2Guest(this.device, options);
  }

  /** Writes the timed guest to it. */
  installTimedGuest(intervalMs: number): void {
    installTimedGuest(this.device, intervalMs);
  }

  /** Writes the writing guest to it, and clears what an earlier one wrote. */
  installPatternGuest(options: PatternGuestOptions): void {
    installPatternGuest(this.device, options);
  }

  /**
   * Proves that nothing the writing guest wrote was lost or torn; returns the newest record.
   * @param confirmed the last record whose write the guest saw confirmed: its counter. 0: only gaps are checked for
   */
  verifyPattern(confirmed = 0): Promise<number> {
    return verifyPattern(this.device, confirmed);
  }

  readCounter(): Promise<number> {
    return readCounter(this.device);
  }

  /** Idempotent. The device disappears after the last QEMU that has it open. */
  release(): void {
    if (this.fd !== undefined) closeSync(this.fd);
    this.fd = undefined;
  }
}

async function attach(file: string): Promise<{ device: string; fd: number }> {
  const helper = spawn('perl', [join(__dirname, 'loop-device.pl'), file], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(helper, 'exit');
  try {
    for await (const device of createInterface({ input: helper.stdout }))
      return { device, fd: openSync(device, 'r') };
    throw new Error(`${file} could not be attached to a loop device`);
  } finally {
    // The helper keeps the device open until here.
    helper.stdin.end();
    await ended;
  }
}
