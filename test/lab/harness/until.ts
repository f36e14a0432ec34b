import { setTimeout as pause } from 'node:timers/promises';

interface UntilOptions {
  /** The expected event, for the message if it does not occur. */
  readonly what: string;
  /** Milliseconds. */
  readonly deadline?: number;
  readonly interval?: number;
  /** The state to print if the event does not occur. */
  readonly evidence?: () => unknown;
}

/** Polls until the result is neither `undefined` nor `false`, and returns it. */
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
