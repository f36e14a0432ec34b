const remaining = /^Data remaining:\s+(\S+)/m;

/**
 * Tells when a copy stands still, by what `virsh domjobinfo` prints again and again. Any number of it that changes is
 * progress, apart from the time that goes by. Before there is something to copy, and when nothing is left,
 * libvirt is busy with other things, at either end, that may take their time.
 */
export class StallDetector {
  private seen = '';
  private since = 0;

  /** @param patience in milliseconds */
  constructor(private readonly patience: number) {}

  /** @param now in milliseconds, by a clock that nobody sets */
  standsStill(jobInfo: string, now: number): boolean {
    const counts = jobInfo.replaceAll(/^Time elapsed.*$/gm, '');
    const amount = Number(remaining.exec(jobInfo)?.[1] ?? 0);
    if (counts !== this.seen || amount === 0) {
      this.seen = counts;
      this.since = now;
    }
    return now - this.since >= this.patience;
  }
}
