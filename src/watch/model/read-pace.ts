const shortestMs = 5;
const longestMs = 250;

/**
 * How often a log is read that grows: at once after a calm, and four times a second at most while it grows all the time,
 * because a guest can make QEMU write. Times are in milliseconds, of a clock that never goes back.
 */
export class ReadPace {
  private pauseMs = shortestMs;
  private earliest = -Infinity;

  /** Milliseconds until it may be read. */
  wait(now: number): number {
    return Math.max(this.earliest - now, 0);
  }

  /** It is read now. */
  read(now: number): void {
    const wasCalm = now - this.earliest >= longestMs;
    this.pauseMs = wasCalm ? shortestMs : Math.min(2 * this.pauseMs, longestMs);
    this.earliest = now + this.pauseMs;
  }
}
