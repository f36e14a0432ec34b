import { setTimeout as pause } from 'node:timers/promises';
import type { Reactivation } from '../block-state/model/reactivation';
import { resumeOf } from '../hypervisor/model/guest-origin';
import { messageOf, type Reason } from '../core/errors';
import { isUnknown, type Unknown } from '../core/unknown';
import { isGone } from '../hypervisor/hold-qemu';
import { Virsh } from '../hypervisor/virsh';
import { message, textOf, type Message } from '../messages';
import { onBothHosts } from './verify-arrival';
import { endOfJob } from '../hypervisor/end-of-job';
import type { MoveSession } from './session';
import type { Ending, Handed } from './move-report';
import { inspectDomain } from '../block-state/inspect';
import { resetLeftoverState } from './prepare';

/** The failure is the mover's, unless a person is needed. */
type AfterFailure = Ending<'mover-failed' | 'person'>;

const guestPollMs = 200;

/** After a failed hand-over QEMU must have its disks back before anything else. Returns how the run ends if it does not. */
export async function recoverFromHandoverFailure(
  session: MoveSession,
  reactivation: Reactivation | undefined,
): Promise<AfterFailure | undefined> {
  if (reactivation && isUnknown(reactivation)) return resetAfterMover(session);
  if (reactivation) {
    const { milliseconds } = reactivation;
    session.reportAction('re-activate', textOf('disks-taken-back', { milliseconds }));
  }
  const refusal = await resetLeftoverState(session, session.destination);
  return refusal && { ...notRetried(refusal), result: 'person' };
}

/** The standby could not have QEMU take its disks back: the cause may be gone by now, and a reset has other remedies. */
async function resetAfterMover(session: MoveSession): Promise<AfterFailure | undefined> {
  const refusal = await resetLeftoverState(session, session.destination);
  const { name } = session.domain;
  const host = session.destination?.host;
  if (!refusal) {
    // QEMU may take its disks back while the destination has a copy of it; a second attempt cannot succeed then.
    const copy = await session.destination?.copyOf(session.domain);
    if (!copy) return undefined;
    return {
      ...notRetried(copy),
      result: 'mover-failed',
      remedy: textOf('look-for-copy', { host: host ?? '' }),
    };
  }
  const reset =
    host === undefined
      ? textOf('reset-before-write', { domain: name })
      : textOf('reset-with-destination', { domain: name, host });
  const remedy = refusal.remedy === resumeOf(name) ? refusal.remedy : reset;
  return { ...message('disks-not-taken-back', { reason: messageOf(refusal) }), result: 'person', remedy };
}

/** An error of this program after a failure: QEMU may lack its disks unless it is known to have them, or has ended. */
export function breakOff(session: MoveSession, { attempts, error }: Handed): AfterFailure {
  const cause = attempts.at(-1)?.attempt.cause;
  const isOver = cause === 'died' || isGone(session.domain);
  const isPersonNeeded = isOver || (cause === 'handing-over' && session.blockState !== 'healthy');
  const ending = error ? notRetried(error) : message('mover-failed');
  return { ...ending, result: isPersonNeeded ? 'person' : 'mover-failed' };
}

/** A failure that is not retried; what it left in QEMU is reset all the same. */
export async function settleFailure(session: MoveSession): Promise<AfterFailure> {
  const why = message('mover-failed');
  const { person, notReset } = await waitUntilSettled(session, why);
  return person ?? notReset ?? { ...why, result: 'mover-failed' };
}

/** Returns how the run ends if QEMU may lack disks; where that is not known, the mover's own status stays. */
async function resetWhatFailureLeft(session: MoveSession, why: Message): Promise<AfterFailure | undefined> {
  // Unknown is not healthy: without a layout, QEMU's log is the only source.
  const { blockState } = await inspectDomain(session.domain, session.options.settings, session.virsh);
  session.blockState = blockState;
  const refusal =
    blockState === 'healthy' ? undefined : await resetLeftoverState(session, session.destination);
  if (!refusal) return undefined;
  const isPersonNeeded = session.blockState !== 'unknown' || ['person', 'failed'].includes(refusal.result);
  const { remedy } = refusal;
  const text = message('not-reset', { why, reason: messageOf(refusal) });
  return { ...text, result: isPersonNeeded ? 'person' : 'mover-failed', remedy };
}

interface Settled {
  /** The guest is not as before, or QEMU lacks its disks. */
  readonly person?: AfterFailure | undefined;
  readonly notReset?: AfterFailure | undefined;
  readonly state?: string | Unknown;
}

/**
 * libvirt may undo a move after the mover's end, where it lost the mover or was itself restarted: waits for the end of its
 * job, and for the guest to be as before.
 */
async function waitUntilSettled(session: MoveSession, why: Message): Promise<Settled> {
  const ended = await endOfJob(session.domain, session.options.settings);
  const notReset = await resetWhatFailureLeft(session, why);
  if (notReset?.result === 'person') return { person: notReset };
  if (isUnknown(ended)) return { person: await notAsBefore(session, why, ended) };
  const state = await stateAfter(session);
  const isAsBefore = typeof state === 'object' || state === session.stateBefore;
  return isAsBefore ? { notReset, state } : { person: await notAsBefore(session, why, state) };
}

/** A guest that is paused here may be the remainder of one that was migrated and runs there: it must not run, too. */
async function notAsBefore(
  session: MoveSession,
  why: Message,
  state: string | Unknown,
): Promise<AfterFailure> {
  const { name: domain } = session.domain;
  const before = session.stateBefore;
  const now = typeof state === 'string' ? state : undefined;
  const text =
    typeof state === 'string'
      ? message('not-as-before', { domain, state, before, why })
      : message('state-not-known', { domain, problem: state.unknown, why });
  const there = await session.destination?.arrivalOf(session.domain);
  if (there && !isUnknown(there) && (there.kind === 'runs' || there.kind === 'not-running'))
    return onBothHosts(session, text.what, there);
  const see = textOf(now === undefined ? 'see-state' : 'see-state-and-resume', { domain });
  const isCopyExcluded = there === undefined || (!isUnknown(there) && there.kind === 'absent');
  const host = session.destination?.host ?? '';
  const remedy = isCopyExcluded ? see : textOf('first-no-copy', { host, remedy: see });
  return { ...text, result: 'person', remedy };
}

/** As libvirt reports it. A restarted libvirtd answers for some time before it lets the guest run; bounded. */
async function stateAfter(session: MoveSession): Promise<string | Unknown> {
  const { libvirt, migrate } = session.options.settings;
  const until = performance.now() + migrate.destinationDeadline * 1000;
  for (;;) {
    const state = await new Virsh(libvirt.deadline * 1000).state(session.domain.uuid);
    if (state === session.stateBefore || isGone(session.domain) || performance.now() > until) return state;
    await pause(guestPollMs);
  }
}

/** The move was cancelled: libvirt's job has to end, and the VM to be on this host as before. */
export async function endEarly(session: MoveSession, why: Message): Promise<AfterFailure> {
  const { name: domain } = session.domain;
  const host = session.options.destination;
  const { person, state } = await waitUntilSettled(session, why);
  if (person) return person;
  if (typeof state === 'object') return await notAsBefore(session, why, state);
  const failure = await session.destination?.copyOf(session.domain);
  const rest =
    state === 'running' ? textOf('runs-here', { domain }) : textOf('is-here', { domain, state: state ?? '' });
  if (failure) {
    const text = message('ended-with-copy', { why, rest, failure: messageOf(failure), host: host ?? '' });
    return { ...text, result: 'mover-failed' };
  }
  const text =
    host === undefined
      ? message('ended-here', { why, rest })
      : message('ended-without-copy', { why, rest, host });
  return { ...text, result: 'mover-failed' };
}

/** The remedy is that of the refusal. */
export function notRetried(refusal: Reason): Omit<Ending, 'result'> {
  return { ...message('not-retried', { reason: messageOf(refusal) }), remedy: refusal.remedy };
}
