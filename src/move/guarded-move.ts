import { GuardError } from '../core/errors';
import { isFinal, moveStates, nextState, type MoveState } from './model/move-states';
import { patienceForMove, withDomainLock } from '../hypervisor/domain-lock';
import { isGone } from '../hypervisor/hold-qemu';
import { MoveSession, type GuardOptions } from './session';
import type { GuardReport, Handed } from './move-report';
import { guardStates, type Step } from './state-steps';

/** Checks, repairs and resets a domain, lets the mover move it, and repairs what the move broke. @throws GuardError */
export async function runGuardedMove(word: string, options: GuardOptions): Promise<GuardReport> {
  return MoveSession.with(word, { ...options, connect: true }, (session) =>
    withDomainLock(session.domain.name, () => drive(session, options), { patience: patienceForMove }),
  );
}

/** From state to state, as the table of model/move-states.ts has it. */
async function drive(session: MoveSession, options: GuardOptions): Promise<GuardReport> {
  let state: MoveState = 'starting';
  let handed: Handed = { attempts: [] };
  for (;;) {
    const { outcome, ending, ...step } = await runState(state, session, handed, options);
    handed = { ...handed, ...step };
    const next = nextState(state, outcome);
    if (next === 'error') throw handed.error ?? new Error(`${state} ended without an error`);
    if (next === undefined) throw new Error(`${state} has no outcome ${outcome}`);
    if (isFinal(next)) return session.report({ what: next, ...ending, result: next }, handed.attempts);
    state = next;
  }
}

async function runState(
  state: MoveState,
  session: MoveSession,
  handed: Handed,
  options: GuardOptions,
): Promise<Step> {
  const mayBeGone = 'gone' in moveStates[state].next;
  try {
    const step: Step = await guardStates[state](session, handed, options);
    const next = nextState(state, step.outcome);
    // A guest that writes to a disk which QEMU does not have aborts QEMU, also during a reset.
    const isEnd = next !== undefined && isFinal(next);
    return isEnd && mayBeGone && isGone(session.domain) ? { outcome: 'gone' } : step;
  } catch (error) {
    if (!(error instanceof GuardError)) throw error;
    if (mayBeGone && isGone(session.domain)) return { outcome: 'gone' };
    const { what, short, remedy } = error;
    return { outcome: 'thrown', error, ending: { what, short, remedy, warning: true } };
  }
}
