/** A storage update changes many links, one after the other: the domains are looked at when it has made a pause. */
const calmMs = 250;
/** An update that makes no pause is not waited for longer than this. */
const mostMs = 1000;
/** Each domain is looked at once in this time at most, however often its paths change. */
const betweenMs = 1000;

/** What has changed since the domains were last looked at. Times are in milliseconds, of a clock that never goes back. */
export class Due {
  private names = new Set<string>();
  private first: number | undefined;
  private last = 0;
  private previous = -Infinity;

  /** Something changed for these domains. */
  add(names: readonly string[], now: number): void {
    if (names.length === 0) return;
    for (const name of names) this.names.add(name);
    this.first ??= now;
    this.last = now;
  }

  has(name: string): boolean {
    return this.names.has(name);
  }

  /** When they are to be looked at; `undefined`: nothing has changed. */
  at(): number | undefined {
    if (this.first === undefined) return undefined;
    return Math.max(Math.min(this.last + calmMs, this.first + mostMs), this.previous + betweenMs);
  }

  /** The domains to be looked at now; none before {@link at}. */
  take(now: number): readonly string[] {
    const at = this.at();
    if (at === undefined || now < at) return [];
    const names = [...this.names];
    this.names = new Set();
    this.first = undefined;
    this.previous = now;
    return names;
  }
}
