import { setTimeout as pause } from 'node:timers/promises';

/**
 * The result of some work; `undefined` if there is none at `end`, by `performance.now()`. The work then continues unwatched.
 * An already settled promise still wins after `end`, so one slow item never hides the others.
 */
export async function withDeadline<T>(work: Promise<T>, end: number): Promise<T | undefined> {
  const left = Math.max(0, end - performance.now());
  return Promise.race([work, pause(left, undefined, { ref: false })]);
}
