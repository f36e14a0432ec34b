import type { Reason } from '../core/errors';
import type { ExitCode } from '../core/exit-codes';
import type { BlockState } from '../core/finding';
import type { Strategy } from '../core/remedy-name';

/** A remedy that was tried or skipped, and why. */
export interface ResetAction {
  readonly strategy: Strategy;
  readonly outcome: 'skipped' | 'planned' | 'failed' | 'done';
  readonly what: string;
  /** Command lines and gdb scripts, as a person would type them. */
  readonly commands?: readonly string[];
}

/** How a reset ends, and the exit status of each. */
export const resetResults = {
  healthy: 'ok',
  healed: 'ok',
  planned: 'ok',
  refused: 'problem',
  undecided: 'undecided',
  busy: 'busy',
  failed: 'failed',
  dead: 'person',
  paused: 'person',
} as const satisfies Readonly<Record<string, ExitCode>>;

export interface ResetReport {
  readonly domain: string;
  readonly result: keyof typeof resetResults;
  /** Always empty: a reset moves nothing. */
  readonly attempts: readonly [];
  readonly actions: readonly ResetAction[];
  readonly blockState: BlockState;
  readonly what: string;
  /** `what` in at most 69 characters, where it is longer (src/messages/message.ts). */
  readonly short?: string | undefined;
  readonly remedy?: string | undefined;
}

/** The report of a domain to which nothing was done, or these `actions`. */
export function resetReport(
  { domain, blockState }: Pick<ResetReport, 'domain' | 'blockState'>,
  result: ResetReport['result'],
  { what, short, remedy }: Reason,
  actions: readonly ResetAction[] = [],
): ResetReport {
  return { domain, result, attempts: [], actions, blockState, what, short, remedy };
}
