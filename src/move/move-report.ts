import type { Reactivation } from '../block-state/model/reactivation';
import type { Attempt } from './model/failure-cause';
import type { GuardError } from '../core/errors';
import type { BlockState } from '../core/finding';
import type { GuardResult } from './model/move-states';
import { isUnknown } from '../core/unknown';
import type { MoverResult } from './io/mover-process';

export interface GuardAction {
  readonly action: 'check' | 'repair' | 'reset' | 'abort' | 're-activate';
  readonly what: string;
}

/** How a guarded run ends, and why. */
export interface Ending<R extends GuardResult = GuardResult> {
  readonly result: R;
  readonly what: string;
  /** `what` in at most 69 characters, where it is longer (src/messages/message.ts). */
  readonly short?: string | undefined;
  readonly remedy?: string | undefined;
  /** It succeeded, and `what` is a warning. */
  readonly warning?: true;
}

/** One run of the mover, and its effects. */
export interface Attempted {
  /** The part that is reported. */
  readonly attempt: Attempt;
  /** What the mover printed. */
  readonly output: MoverResult;
  /** The user asked for its end. */
  readonly wasCancelled: boolean;
  /** libvirt has saved the domain to a file, and ended its QEMU. */
  readonly wasSaved: boolean;
  /** After a failed hand-over: whether QEMU has its disks back already. */
  readonly reactivation: Reactivation | undefined;
}

/** What one state of a guarded run passes to the next. */
export interface Handed {
  readonly attempts: readonly Attempted[];
  /** The error that ended the state before. */
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
  /** The part of `reactivation`, in milliseconds, until the destination had removed its copy of the domain. */
  readonly reactivationWait?: number;
  readonly what: string;
  /** `what` in at most 69 characters, where it is longer. */
  readonly short?: string | undefined;
  readonly remedy?: string | undefined;
  /** It succeeded, and `what` is a warning. */
  readonly warning?: true | undefined;
  /** What the mover printed at its last attempt. */
  readonly output?: MoverResult | undefined;
}

export function guardReport(
  seen: Pick<GuardReport, 'domain' | 'actions' | 'blockState'>,
  { result, what, short, remedy, warning }: Ending,
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
    short,
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
