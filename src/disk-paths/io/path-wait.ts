import { setTimeout as pause } from 'node:timers/promises';

/** Milliseconds between two looks at a path that is missing. */
const lookMs = 200;

/**
 * The time that a check gives to paths that are missing: multipath, udev, DRBD and NVMe take a link away and make it again
 * (linbit/linstor-server#456). It begins with the first missing path, and is one for all domains of the check.
 */
export class PathWait {
  private until: number | undefined;

  constructor(private readonly seconds: number) {}

  get isOver(): boolean {
    return this.seconds === 0 || (this.until !== undefined && performance.now() > this.until);
  }

  /** Calls `look` again while `isMissing`. Returns for how long, in whole seconds. */
  async while(isMissing: () => boolean, look: () => Promise<void>): Promise<number> {
    if (this.isOver || !isMissing()) return 0;
    const began = performance.now();
    this.until ??= began + this.seconds * 1000;
    while (isMissing()) {
      const left = this.until - performance.now();
      if (left <= 0) break;
      await pause(Math.min(lookMs, left));
      await look();
    }
    return Math.round((performance.now() - began) / 1000);
  }
}
