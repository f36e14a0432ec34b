import { setTimeout as pause } from 'node:timers/promises';

interface UntilOptions {
  /** What is waited for, for the message when it does not come. */
  readonly what: string;
  /** Milliseconds. */
  readonly deadline?: number;
  readonly interval?: number;
  /** Said when it does not come: what was there instead. */
  readonly evidence?: () => unknown;
}

/** Asks again and again until the answer is neither `undefined` nor `false`, and returns it. */
export async function until<T>(
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  { what, deadline = 120_000, interval = 25, evidence }: UntilOptions,
): Promise<T> {
  const end = performance.now() + deadline;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() >= end) {
      const seen = evidence === undefined ? '' : `; instead: ${JSON.stringify(await evidence())}`;
      throw new Error(`waited ${deadline} ms in vain: ${what}${seen}`);
    }
    await pause(interval);
  }
}
