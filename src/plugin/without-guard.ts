import { failureOf, type Failure } from '../core/errors';
import type { Settings } from '../config/settings';
import { message, type Message } from '../messages';
import type { GuardMode } from '../opennebula/model/guard-mode';
import { refusalReply, type Reply } from './script-call';

/** The settings that are needed to continue cannot be read: neither the mover nor the policy is guessed. */
export function cannotContinue(vm: string, failure: Failure): Reply {
  return { ...refusalReply(vm, failure), note: { guard: 'could-not-run', why: failure.what } };
}

interface Unguarded {
  /** As messages name it. */
  readonly vm: string;
  readonly source: string;
  readonly policy: Settings['policy'];
  /** With `warn` nothing is refused, also not by the policy. */
  readonly mode?: GuardMode['mode'];
}

/** That the guard cannot run, and what to do about it. */
type CannotRun = Message & { readonly remedy: string };

/**
 * The one place that decides what becomes of a VM whose guard cannot run (start.sh does, where not even this program
 * starts): the plugin must never be the reason that a healthy cloud cannot migrate, unless the site says otherwise.
 * `continueWithout`: what is done without the guard, and reports that.
 */
export async function withoutGuard(
  { vm, source, policy, mode }: Unguarded,
  why: Message,
  continueWithout: (reason: CannotRun) => Reply | Promise<Reply>,
): Promise<Reply> {
  const reason = message('guard-cannot-run', { why, host: source });
  const reply =
    policy.whenGuardFails === 'refuse' && mode !== 'warn'
      ? refusalReply(vm, failureOf('undecided', reason))
      : await continueWithout(reason);
  return { ...reply, note: { guard: 'could-not-run', why: why.what } };
}
