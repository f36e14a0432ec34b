import type { Credentials } from '../core/process-status';
import { asUser } from './as-user';

interface Question {
  readonly ask: () => void;
  /** Only when we are root again: what follows an answer is not meant to run as somebody else. */
  readonly settle: () => void;
  /** The credentials could not be taken, so nothing was asked. */
  readonly fail: (error: Error) => void;
}

const waiting = new Map<string, { readonly credentials: Credentials; readonly questions: Question[] }>();

/**
 * Like asUser, for many who ask at once: the questions wait until nobody can go on without an answer (Node's
 * next tick, when all promises are settled), and all that concern the same credentials are answered by one change of
 * them. A change costs as much as the rest of a check, because the C library stops every thread of ours six times for
 * it (nptl's setxid).
 */
export function asUserSoon<T>(credentials: Credentials, action: () => T): Promise<T | undefined> {
  if (waiting.size === 0) process.nextTick(answerAll);
  const key = JSON.stringify(credentials);
  const group = waiting.get(key) ?? { credentials, questions: [] };
  waiting.set(key, group);
  return new Promise((resolve, reject) => {
    let settle = (): void => resolve(undefined);
    const ask = (): void => {
      try {
        const answer = action();
        settle = () => resolve(answer);
      } catch (error) {
        settle = () => reject(error instanceof Error ? error : new Error(String(error)));
      }
    };
    group.questions.push({ ask, settle: () => settle(), fail: reject });
  });
}

function answerAll(): void {
  const groups = [...waiting.values()];
  waiting.clear();
  for (const { credentials, questions } of groups) {
    try {
      asUser(credentials, () => questions.forEach(({ ask }) => ask()));
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      for (const { fail } of questions) fail(failure);
      continue;
    }
    for (const { settle } of questions) settle();
  }
}
