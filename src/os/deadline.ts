import { setTimeout as pause } from 'node:timers/promises';

/**
 * What comes of some work; `undefined` if that is not known at `end`, by `performance.now()`. The work is then left to
 * itself. What needs no waiting is known in time even after `end`: whoever is late hides nobody who is not.
 */
export async function withDeadline<T>(work: Promise<T>, end: number): Promise<T | undefined> {
  const left = Math.max(0, end - performance.now());
  return Promise.race([work, pause(left, undefined, { ref: false })]);
}
