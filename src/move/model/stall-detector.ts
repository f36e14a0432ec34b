const remaining = /^Data remaining:\s+(\S+)/m;

/**
 * Detects that a copy makes no progress, from what `virsh domjobinfo` prints at each poll. Any number of it that changes
 * is progress, apart from the elapsed time. Before there is something to copy, and when nothing is left, libvirt is busy
 * on one of the hosts with work that has no such numbers.
 */
export class StallDetector {
  private seen = '';
  private since = 0;

  constructor(private readonly timeoutMs: number) {}

  /** @param nowMs of a monotonic clock */
  isStalled(jobInfo: string, nowMs: number): boolean {
    const counts = jobInfo.replaceAll(/^Time elapsed.*$/gm, '');
    const amount = Number(remaining.exec(jobInfo)?.[1] ?? 0);
    if (counts !== this.seen || amount === 0) {
      this.seen = counts;
      this.since = nowMs;
    }
    return nowMs - this.since >= this.timeoutMs;
  }
}
