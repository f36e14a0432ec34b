import { GuardError } from '../core/errors';
import type { GuardResult, MoveState, OutcomeOf, Unsafe } from './model/move-states';
import { jobOf } from '../hypervisor/qmp-client';
import { brokenOff, endedEarly, failedOtherwise, recoverFromHandoverFailure } from './recover';
import { died, succeeded } from './verify-arrival';
import type { MoveSession, GuardOptions } from './session';
import type { Attempted, Ending, Handed } from './move-report';
import { prepareForMove } from './prepare';
import { runMover } from './run-mover';

/** What has come of a state; and, where the run may end with it, what is said then. */
export interface Step<Outcome extends string = string> extends Partial<Handed> {
  readonly outcome: Outcome;
  readonly ending?: Omit<Ending, 'result'>;
}

type StateWork<Outcome extends string> = (
  session: MoveSession,
  handed: Handed,
  options: GuardOptions,
) => Promise<Step<Outcome>>;

/** One function per state: it does the work, and tells what has come of it. What follows is the table's. */
export const guardStates: { readonly [S in MoveState]: StateWork<OutcomeOf<S>> } = {
  starting: (session) => Promise.resolve(expectNoJob(session)),
  checking: async (session) => {
    const unsafe = await prepareForMove(session, undefined);
    return unsafe ? ends(unsafe) : { outcome: 'safe' };
  },
  moving: move,
  healing: healOwn,
  'checking-again': checkAgain,
  'moving-again': move,
  'healing-again': healOwn,
  'checking-at-last': async (session) => ({
    ending: {
      what: 'QEMU could not hand over its disks a second time, and has them back',
      remedy: `see migrate-guard check ${session.domain.name} --deep`,
    },
    ...(await checkAgain(session)),
  }),
  confirming: async (session) => ends(await succeeded(session)),
  settling: async (session) => ends(await failedOtherwise(session)),
  'ending-early': async (session, { attempts }) => {
    const isStalled = attempts.at(-1)?.attempt.cause === 'stalled';
    const why = isStalled ? 'its copy stood still, and was ended' : 'it was told to end';
    return ends(await endedEarly(session, why));
  },
  'looking-elsewhere': async (session, { attempts }) => {
    const { outcome, isMoversFailure, ...ending } = await died(session, attempts.at(-1));
    return { outcome, ending, ...(isMoversFailure ? { attempts: blamingMover(attempts) } : {}) };
  },
  'breaking-off': (session, handed) => Promise.resolve(ends(brokenOff(session, handed))),
};

/**
 * A mover outlives a guard that was killed, and others move domains, too: libvirt lets a second move wait, and then
 * fails it. @throws GuardError
 */
function expectNoJob({ domain, options }: MoveSession): Step<'free'> {
  const job = jobOf(options.settings.libvirt.stateDirectory, domain.name);
  if (typeof job !== 'string') return { outcome: 'free' };
  const remedy = `wait for its end, or end it: virsh domjobabort ${domain.name}`;
  throw new GuardError('busy', `libvirt has a job of ${domain.name} under way (${job})`, remedy);
}

async function move(
  session: MoveSession,
  { attempts }: Handed,
  options: GuardOptions,
): Promise<Step<OutcomeOf<'moving'>>> {
  const attempted = await runMover(session, options);
  const { cause = 'moved' } = attempted.attempt;
  const outcome = cause === 'other' && attempted.isToldToEnd ? 'told-to-end' : cause;
  return { outcome, attempts: [...attempts, attempted] };
}

async function healOwn(session: MoveSession, { attempts }: Handed): Promise<Step<OutcomeOf<'healing'>>> {
  const last = attempts.at(-1);
  const unhealed = await recoverFromHandoverFailure(session, last?.reactivation);
  if (unhealed) return ends(unhealed);
  if (!last?.isToldToEnd) return { outcome: 'healed' };
  return { outcome: 'told-to-end', ending: { what: 'not tried again, because it was told to end' } };
}

/** A refusal after a failed attempt: why there was no retry is said. */
async function checkAgain(session: MoveSession): Promise<Step<Unsafe | 'safe'>> {
  const unsafe = await prepareForMove(session, session.destination);
  return unsafe ? ends({ ...unsafe, what: `not tried again: ${unsafe.what}` }) : { outcome: 'safe' };
}

function ends<R extends GuardResult>({ result, ...ending }: Ending<R>): Step<R> {
  return { outcome: result, ending };
}

/** QEMU did not die: it had handed over, and what failed afterwards was the mover. */
function blamingMover(attempts: readonly Attempted[]): readonly Attempted[] {
  return attempts.map((attempted, index) =>
    index === attempts.length - 1
      ? { ...attempted, attempt: { ...attempted.attempt, cause: 'other' } }
      : attempted,
  );
}
