import type { Attempt, Reactivation } from './model/failure-cause';
import type { GuardError } from '../core/errors';
import type { BlockState } from '../core/finding';
import type { GuardResult } from './model/move-states';
import { isUnknown } from '../core/unknown';
import type { MoverResult } from './io/mover-process';

export interface GuardAction {
  readonly action: 'check' | 'repair' | 'reset' | 'abort' | 're-activate';
  readonly what: string;
}

/** Why and how a guarded run ends. */
export interface Ending<R extends GuardResult = GuardResult> {
  readonly result: R;
  readonly what: string;
  readonly remedy?: string | undefined;
  /** It succeeded, and `what` is something to be told all the same. */
  readonly warning?: true;
}

/** One run of the mover, and what was seen of it. */
export interface Attempted {
  /** As it is reported. */
  readonly attempt: Attempt;
  /** What the mover printed. */
  readonly output: MoverResult;
  /** Somebody wished it to end. */
  readonly isToldToEnd: boolean;
  /** libvirt has written the domain to a file, and ended its QEMU. */
  readonly wasSaved: boolean;
  /** Of a failed handing over: whether QEMU has its disks back already. */
  readonly reactivation: Reactivation | undefined;
}

/** What one state of a guarded run hands to the next. */
export interface Handed {
  readonly attempts: readonly Attempted[];
  /** What a state ended with, instead of an outcome of its own. */
  readonly error?: GuardError;
}

export interface GuardReport {
  readonly domain: string;
  readonly result: GuardResult;
  readonly attempts: readonly Attempt[];
  readonly actions: readonly GuardAction[];
  readonly blockState: BlockState;
  /** Milliseconds from the end of libvirt's job to QEMU having its disks back, after a failure. */
  readonly reactivation?: number;
  /** Of these, until the destination had no copy of the domain any more. */
  readonly reactivationWait?: number;
  readonly what: string;
  readonly remedy?: string | undefined;
  /** It succeeded, and `what` is something to be told all the same. */
  readonly warning?: true | undefined;
  /** What the mover printed at its last attempt. */
  readonly output?: MoverResult | undefined;
}

export function guardReport(
  seen: Pick<GuardReport, 'domain' | 'actions' | 'blockState'>,
  { result, what, remedy, warning }: Ending,
  attempts: readonly Attempted[] = [],
): GuardReport {
  const { domain, actions, blockState } = seen;
  return {
    domain,
    result,
    attempts: attempts.map(({ attempt }) => attempt),
    actions,
    blockState,
    ...reactivationOf(attempts),
    what,
    remedy,
    output: attempts.at(-1)?.output,
    warning,
  };
}

function reactivationOf(
  attempts: readonly Attempted[],
): Pick<GuardReport, 'reactivation' | 'reactivationWait'> {
  for (const { reactivation } of attempts.toReversed()) {
    if (reactivation && !isUnknown(reactivation))
      return { reactivation: reactivation.milliseconds, reactivationWait: reactivation.destination };
  }
  return {};
}
