import { Due } from './due';
import { Schedule } from './schedule';

/** The domains that are to be looked at. Times are in milliseconds, of a clock that never goes back. */
export class Agenda {
  private readonly due = new Due();
  private readonly later = new Schedule();

  /** Something changed for these domains: they are looked at when there is a pause. */
  changed(names: readonly string[], now: number): void {
    this.due.add(names, now);
  }

  /** A domain is looked at again at this time, or earlier if that was planned already. */
  again(name: string, at: number): void {
    this.later.add(name, at);
  }

  has(name: string): boolean {
    return this.due.has(name) || this.later.has(name);
  }

  /** When the next are due. */
  at(): number {
    return Math.min(this.due.at() ?? Infinity, this.later.at() ?? Infinity);
  }

  /** Those that are due. */
  take(now: number): readonly string[] {
    return [...new Set([...this.due.take(now), ...this.later.take(now)])];
  }
}
