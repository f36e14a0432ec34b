import { GuardError } from '../core/errors';
import type { GuardResult, MoveState, OutcomeOf, Unsafe } from './model/move-states';
import { jobOf } from '../hypervisor/qmp-client';
import { brokenOff, endedEarly, failedOtherwise, heal } from './recover';
import { died, succeeded } from './verify-arrival';
import type { GuardCourse, GuardOptions } from './session';
import type { Attempted, Ending, Handed } from './move-report';
import { makeSafe } from './prepare';
import { runMover } from './run-mover';

/** What has come of a state; and, where the run may end with it, what is said then. */
export interface Step<Outcome extends string = string> extends Partial<Handed> {
  readonly outcome: Outcome;
  readonly ending?: Omit<Ending, 'result'>;
}

type StateWork<Outcome extends string> = (
  course: GuardCourse,
  handed: Handed,
  options: GuardOptions,
) => Promise<Step<Outcome>>;

/** One function per state: it does the work, and tells what has come of it. What follows is the table's. */
export const guardStates: { readonly [S in MoveState]: StateWork<OutcomeOf<S>> } = {
  starting: (course) => Promise.resolve(expectNoJob(course)),
  checking: async (course) => {
    const unsafe = await makeSafe(course, undefined);
    return unsafe ? ends(unsafe) : { outcome: 'safe' };
  },
  moving: move,
  healing: healOwn,
  'checking-again': checkAgain,
  'moving-again': move,
  'healing-again': healOwn,
  'checking-at-last': async (course) => ({
    ending: {
      what: 'QEMU could not hand over its disks a second time, and has them back',
      remedy: `see migrate-guard check ${course.domain.name} --deep`,
    },
    ...(await checkAgain(course)),
  }),
  confirming: async (course) => ends(await succeeded(course)),
  settling: async (course) => ends(await failedOtherwise(course)),
  'ending-early': async (course, { attempts }) => {
    const isStalled = attempts.at(-1)?.attempt.cause === 'stalled';
    const why = isStalled ? 'its copy stood still, and was ended' : 'it was told to end';
    return ends(await endedEarly(course, why));
  },
  'looking-elsewhere': async (course, { attempts }) => {
    const { outcome, isMoversFailure, ...ending } = await died(course, attempts.at(-1));
    return { outcome, ending, ...(isMoversFailure ? { attempts: blamingMover(attempts) } : {}) };
  },
  'breaking-off': (course, handed) => Promise.resolve(ends(brokenOff(course, handed))),
};

/**
 * A mover outlives a guard that was killed, and others move domains, too: libvirt lets a second move wait, and then
 * fails it. @throws GuardError
 */
function expectNoJob({ domain, options }: GuardCourse): Step<'free'> {
  const job = jobOf(options.settings.libvirt.stateDirectory, domain.name);
  if (typeof job !== 'string') return { outcome: 'free' };
  const remedy = `wait for its end, or end it: virsh domjobabort ${domain.name}`;
  throw new GuardError('busy', `libvirt has a job of ${domain.name} under way (${job})`, remedy);
}

async function move(
  course: GuardCourse,
  { attempts }: Handed,
  options: GuardOptions,
): Promise<Step<OutcomeOf<'moving'>>> {
  const attempted = await runMover(course, options);
  const { cause = 'moved' } = attempted.attempt;
  const outcome = cause === 'other' && attempted.isToldToEnd ? 'told-to-end' : cause;
  return { outcome, attempts: [...attempts, attempted] };
}

async function healOwn(course: GuardCourse, { attempts }: Handed): Promise<Step<OutcomeOf<'healing'>>> {
  const last = attempts.at(-1);
  const unhealed = await heal(course, last?.reactivation);
  if (unhealed) return ends(unhealed);
  if (!last?.isToldToEnd) return { outcome: 'healed' };
  return { outcome: 'told-to-end', ending: { what: 'not tried again, because it was told to end' } };
}

/** A refusal after a failed attempt: why there was no retry is said. */
async function checkAgain(course: GuardCourse): Promise<Step<Unsafe | 'safe'>> {
  const unsafe = await makeSafe(course, course.destination);
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
