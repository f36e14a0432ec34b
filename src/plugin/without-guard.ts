import { failureOf, type Failure } from '../core/errors';
import type { Settings } from '../config/settings';
import type { GuardMode } from '../opennebula/model/guard-mode';
import { refusalReply, type Reply } from './script-call';

/** The settings by which to go on cannot be read: nobody decides. */
export function cannotGoOn(vm: string, failure: Failure): Reply {
  return { ...refusalReply(vm, failure), note: { guard: 'could-not-run', why: failure.what } };
}

interface Unguarded {
  /** As messages name it. */
  readonly vm: string;
  readonly source: string;
  readonly policy: Settings['policy'];
  /** Who lets nothing be refused has the policy's refusal told, too. */
  readonly mode?: GuardMode['mode'];
}

/**
 * The one place that decides what becomes of a VM whose guard cannot run (start.sh does, where not even this program
 * starts): the plugin must never be the reason that a healthy cloud cannot migrate, unless the site says otherwise.
 * `goOn`: what is done without the guard, and tells so.
 */
export async function withoutGuard(
  { vm, source, policy, mode }: Unguarded,
  why: string,
  goOn: (what: string, remedy: string) => Reply | Promise<Reply>,
): Promise<Reply> {
  const what = `the guard cannot run: ${why}`;
  const remedy = `migrate-guard doctor --host ${source}`;
  const reply =
    policy.whenGuardFails === 'refuse' && mode !== 'warn'
      ? refusalReply(vm, failureOf('undecided', what, remedy))
      : await goOn(what, remedy);
  return { ...reply, note: { guard: 'could-not-run', why } };
}
