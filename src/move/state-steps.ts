import { GuardError } from '../core/errors';
import { message } from '../messages';
import type { GuardResult, MoveState, OutcomeOf, Unsafe } from './model/move-states';
import { isUnknown } from '../core/unknown';
import { blockJobOf, jobOf } from '../hypervisor/qmp-client';
import { breakOff, endEarly, settleFailure, notRetried, recoverFromHandoverFailure } from './recover';
import { confirmArrival, lookElsewhere } from './verify-arrival';
import type { MoveSession, GuardOptions } from './session';
import type { Attempted, Ending, Handed } from './move-report';
import { prepareForMove } from './prepare';
import { runMover } from './run-mover';

/** The outcome of a state; and, where the run may end with it, the text of its report. */
export interface Step<Outcome extends string = string> extends Partial<Handed> {
  readonly outcome: Outcome;
  readonly ending?: Omit<Ending, 'result'>;
}

type StateWork<Outcome extends string> = (
  session: MoveSession,
  handed: Handed,
  options: GuardOptions,
) => Promise<Step<Outcome>>;

/** One function per state, which returns its outcome; the state that follows is in the table. */
export const guardStates: { readonly [S in MoveState]: StateWork<OutcomeOf<S>> } = {
  starting: (session) => Promise.resolve(expectNoJob(session)),
  checking: async (session) => {
    const unsafe = await prepareForMove(session, undefined);
    return unsafe ? ends(unsafe) : { outcome: 'safe' };
  },
  moving: move,
  healing: heal,
  'checking-again': checkAgain,
  'moving-again': move,
  'healing-again': heal,
  'checking-at-last': async (session) => ({
    ending: message('handover-failed-twice', { domain: session.domain.name }),
    ...(await checkAgain(session)),
  }),
  confirming: async (session) => ends(await confirmArrival(session)),
  settling: async (session) => ends(await settleFailure(session)),
  'ending-early': async (session, { attempts }) => {
    const isStalled = attempts.at(-1)?.attempt.cause === 'stalled';
    return ends(await endEarly(session, message(isStalled ? 'move-stalled' : 'move-cancelled')));
  },
  'looking-elsewhere': async (session, { attempts }) => {
    const { outcome, isMoversFailure, ...ending } = await lookElsewhere(session, attempts.at(-1));
    return { outcome, ending, ...(isMoversFailure ? { attempts: blamingMover(attempts) } : {}) };
  },
  'breaking-off': (session, handed) => Promise.resolve(ends(breakOff(session, handed))),
};

/**
 * A mover may outlive a guard that was killed, and other programs move domains, too: a second move would wait in libvirt,
 * and then fail, and one during a block job fails at once. @throws GuardError
 */
function expectNoJob({ domain, options }: MoveSession): Step<'free'> {
  const { stateDirectory } = options.settings.libvirt;
  const { name } = domain;
  const job = jobOf(stateDirectory, name);
  if (typeof job === 'string') throw new GuardError('busy', message('job-running', { domain: name, job }));
  const blockJob = blockJobOf(stateDirectory, name);
  if (blockJob && !isUnknown(blockJob))
    throw new GuardError('busy', message('block-job-running', { domain: name, ...blockJob }));
  return { outcome: 'free' };
}

async function move(
  session: MoveSession,
  { attempts }: Handed,
  options: GuardOptions,
): Promise<Step<OutcomeOf<'moving'>>> {
  const attempted = await runMover(session, options);
  const { cause = 'moved' } = attempted.attempt;
  const outcome = cause === 'other' && attempted.wasCancelled ? 'cancelled' : cause;
  return { outcome, attempts: [...attempts, attempted] };
}

async function heal(session: MoveSession, { attempts }: Handed): Promise<Step<OutcomeOf<'healing'>>> {
  const last = attempts.at(-1);
  const refusal = await recoverFromHandoverFailure(session, last?.reactivation);
  if (refusal) return ends(refusal);
  if (!last?.wasCancelled) return { outcome: 'healed' };
  return { outcome: 'cancelled', ending: message('cancelled-not-retried') };
}

/** A refusal after a failed attempt. */
async function checkAgain(session: MoveSession): Promise<Step<Unsafe | 'safe'>> {
  const unsafe = await prepareForMove(session, session.destination);
  return unsafe ? ends({ ...notRetried(unsafe), result: unsafe.result }) : { outcome: 'safe' };
}

function ends<R extends GuardResult>({ result, ...ending }: Ending<R>): Step<R> {
  return { outcome: result, ending };
}

/** QEMU did not die: it had handed over its disks, and the mover failed afterwards. */
function blamingMover(attempts: readonly Attempted[]): readonly Attempted[] {
  return attempts.map((attempted, index) =>
    index === attempts.length - 1
      ? { ...attempted, attempt: { ...attempted.attempt, cause: 'other' } }
      : attempted,
  );
}
