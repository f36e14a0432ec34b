/** Domains that are to be looked at at a later time. Times are in milliseconds, of a clock that never goes back. */
export class Schedule {
  private readonly times = new Map<string, number>();

  /** One that is scheduled already keeps its time. */
  add(name: string, at: number): void {
    if (!this.times.has(name)) this.times.set(name, at);
  }

  has(name: string): boolean {
    return this.times.has(name);
  }

  /** When the next one is due; `undefined`: there is none. */
  at(): number | undefined {
    return this.times.size === 0 ? undefined : Math.min(...this.times.values());
  }

  /** Those that are due now; they are not scheduled any more. */
  take(now: number): readonly string[] {
    const names = [...this.times].flatMap(([name, at]) => (at <= now ? [name] : []));
    for (const name of names) this.times.delete(name);
    return names;
  }
}
