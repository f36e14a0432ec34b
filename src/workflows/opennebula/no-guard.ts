import type { Failure } from '../../core/errors';
import { exitCodes } from '../../core/exit-codes';
import type { Settings } from '../../core/settings';
import type { GuardMode } from '../../opennebula/guard-mode';
import { failure } from '../../opennebula/vm-log';
import type { Reply } from './call';

export function refused(subject: string, { code, what, remedy }: Failure): Reply {
  return { exit: exitCodes[code].status, stdout: '', stderr: failure(subject, what, remedy) };
}

/** The settings by which to go on cannot be read: nobody decides. */
export function cannotGoOn(vm: string, why: Failure): Reply {
  return { ...refused(vm, why), note: { guard: 'could-not-run', why: why.what } };
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
      ? refused(vm, { code: 'undecided', what, remedy })
      : await goOn(what, remedy);
  return { ...reply, note: { guard: 'could-not-run', why } };
}
