import { readMemory } from '../../src/block-state/io/process-memory';
import { isUnknown } from '../../src/core/unknown';
import type { Domain } from '../../test/lab/harness';
import { locateQemu } from './located-qemu';

const everyMs = 2;

/** Measures how long a disk of a QEMU is INACTIVE, by its memory. */
export class InactiveTime {
  private readonly located;
  private readonly timer;
  private from: number | undefined;
  private time: number | undefined;

  constructor(domain: Domain) {
    this.located = locateQemu(domain);
    this.timer = setInterval(() => this.look(), everyMs);
  }

  /** @returns milliseconds; `undefined` if that was not seen, from its beginning to its end */
  end(): number | undefined {
    clearInterval(this.timer);
    this.located.qemu.close();
    return this.time;
  }

  private look(): void {
    const memory = readMemory(this.located.qemu, this.located.known);
    // It has died, or changes its disks just now.
    if (isUnknown(memory)) return;
    const isInactive = memory.backends.some(({ root }) => root?.inactive === true);
    if (isInactive) this.from ??= performance.now();
    else if (this.from !== undefined) this.time ??= performance.now() - this.from;
  }
}
