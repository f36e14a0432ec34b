import { setTimeout as pause } from 'node:timers/promises';
import type { Reactivation } from './model/failure-cause';
import { resumeOf } from '../hypervisor/model/guest-origin';
import { isUnknown, type Unknown } from '../core/unknown';
import { isGone } from '../hypervisor/hold-qemu';
import { Virsh } from '../hypervisor/virsh';
import { twice } from './verify-arrival';
import { endOfJob } from '../hypervisor/end-of-job';
import type { MoveSession } from './session';
import type { Ending, Handed } from './move-report';
import { inspectDomain } from '../block-state/inspect';
import { resetLeftoverState } from './prepare';

/** The failure is the mover's, unless a person is needed. */
type AfterFailure = Ending<'mover-failed' | 'person'>;

/** Milliseconds between two questions for the guest's state. */
const guestPollMs = 200;

/** The known failure: QEMU must have its disks back before anything else. Gives the report when it has not. */
export async function recoverFromHandoverFailure(
  session: MoveSession,
  reactivation: Reactivation | undefined,
): Promise<AfterFailure | undefined> {
  if (reactivation && isUnknown(reactivation)) return healLater(session);
  if (reactivation) {
    session.say(
      're-activate',
      `QEMU took its disks back ${reactivation.milliseconds} ms after libvirt's job ended`,
    );
  }
  const refusal = await resetLeftoverState(session, session.destination);
  return refusal && { ...refusal, result: 'person', what: `not tried again: ${refusal.what}` };
}

/** Who stood by could not have QEMU take its disks back; what was in the way may have passed, and other remedies may go. */
async function healLater(session: MoveSession): Promise<AfterFailure | undefined> {
  const refusal = await resetLeftoverState(session, session.destination);
  const { name } = session.domain;
  if (!refusal) {
    // Not every QEMU needs the other one to be gone for that; a second attempt does.
    const copy = await session.destination?.copyOf(session.domain);
    const remedy = `see virsh list --all on ${session.destination?.host ?? ''}, then try again`;
    return copy && { result: 'mover-failed', what: `not tried again: ${copy.what}`, remedy };
  }
  const what = `QEMU could not hand over its disks, and does not have them back: ${refusal.what}`;
  const host = session.destination?.host;
  const [once, there] =
    host === undefined ? ['', ''] : [`once ${host} has no copy of it: `, ` --destination ${host}`];
  const later = `${once}migrate-guard reset ${name}${there}, before the guest writes`;
  return { result: 'person', what, remedy: refusal.remedy === resumeOf(name) ? refusal.remedy : later };
}

/** What follows a failure went wrong itself; QEMU may lack its disks unless it is known to have them, or be gone. */
export function brokenOff(session: MoveSession, { attempts, error }: Handed): AfterFailure {
  const cause = attempts.at(-1)?.attempt.cause;
  const isOver = cause === 'died' || isGone(session.domain);
  const isIll = isOver || (cause === 'handing-over' && session.blockState !== 'healthy');
  const what = `not tried again: ${error?.what ?? ''}`;
  return { result: isIll ? 'person' : 'mover-failed', what, remedy: error?.remedy };
}

/** Not our failure, and not tried again; yet whatever it left of our kind is healed. */
export async function failedOtherwise(session: MoveSession): Promise<AfterFailure> {
  const why = 'it failed for a reason of its own, so it was not tried again';
  const { person, unhealed } = await settle(session, why);
  return person ?? unhealed ?? { result: 'mover-failed', what: why };
}

/** Gives the report when QEMU may not have all its disks; the mover's own status stays where nobody can tell. */
async function healLeftover(session: MoveSession, why: string): Promise<AfterFailure | undefined> {
  // Unknown is not healthy: without a layout, the log is all there is.
  const { blockState } = await inspectDomain(session.domain, session.options.settings, session.virsh);
  session.blockState = blockState;
  const refusal =
    blockState === 'healthy' ? undefined : await resetLeftoverState(session, session.destination);
  if (!refusal) return undefined;
  const isIll = session.blockState !== 'unknown' || ['person', 'failed'].includes(refusal.result);
  const what = `${why}; QEMU was not healed: ${refusal.what}`;
  return { result: isIll ? 'person' : 'mover-failed', what, remedy: refusal.remedy };
}

interface Settled {
  readonly person?: AfterFailure | undefined;
  readonly unhealed?: AfterFailure | undefined;
  readonly state?: string | Unknown;
}

/**
 * libvirt undoes a move after the mover's end, where it lost the mover or was itself started anew: its job ends, and
 * the guest is to be as before. `person`: it is not, or QEMU lacks its disks.
 */
async function settle(session: MoveSession, why: string): Promise<Settled> {
  const ended = await endOfJob(session.domain, session.options.settings);
  const unhealed = await healLeftover(session, why);
  if (unhealed?.result === 'person') return { person: unhealed };
  if (isUnknown(ended)) return { person: await standsStill(session, why, ended) };
  const state = await stateAfter(session);
  const isAsBefore = typeof state === 'object' || state === session.stateBefore;
  return isAsBefore ? { unhealed, state } : { person: await standsStill(session, why, { state }) };
}

/**
 * What stands still here may be what a migration left behind whose guest runs on over there: it must not run, too.
 * `state`: where libvirt tells it.
 */
async function standsStill(
  session: MoveSession,
  why: string,
  { unknown, state }: { readonly unknown?: string; readonly state?: string },
): Promise<AfterFailure> {
  const { name } = session.domain;
  const host = session.destination?.host;
  const how = unknown ?? `here it is ${state ?? ''}`;
  const there = await session.destination?.arrivalOf(session.domain);
  if (there && !isUnknown(there) && (there.kind === 'runs' || there.kind === 'stands'))
    return twice(session, `${why}; ${how}`, there);
  const isCertain = there === undefined || (!isUnknown(there) && there.kind === 'absent');
  const first = isCertain ? '' : `see that ${host ?? ''} has no copy of it: virsh list --all, there; then `;
  const next = state === undefined ? '' : `, then virsh resume ${name}`;
  const what = `${why}; ${name} does not run on as it should: ${how}`;
  return { result: 'person', what, remedy: `${first}see virsh domstate --reason ${name}${next}` };
}

/** libvirt's word. A libvirtd that was started anew lets the guest run on after it has answered for some time; bounded. */
async function stateAfter(session: MoveSession): Promise<string | Unknown> {
  const { libvirt, migrate } = session.options.settings;
  const until = performance.now() + migrate.destinationDeadline * 1000;
  for (;;) {
    const state = await new Virsh(libvirt.deadline * 1000).state(session.domain.uuid);
    if (state === session.stateBefore || isGone(session.domain) || performance.now() > until) return state;
    await pause(guestPollMs);
  }
}

/** It was not let go on. The VM has to run here, and is looked for; what libvirt has under way ends first. */
export async function endedEarly(session: MoveSession, why: string): Promise<AfterFailure> {
  const { destination } = session.options;
  const { name } = session.domain;
  const { person, state } = await settle(session, why);
  if (person) return person;
  if (typeof state === 'object') return await standsStill(session, why, state);
  const copy = await session.destination?.copyOf(session.domain);
  const remains = state === 'running' ? `${name} runs here` : `${name} is here, ${state} as before`;
  if (copy === undefined) {
    const there = destination === undefined ? '' : `, and ${destination} has no copy of it`;
    return { result: 'mover-failed', what: `${why}; ${remains}${there}` };
  }
  const remedy = `libvirt on ${destination ?? ''} removes what came over; run again when it answers`;
  return { result: 'mover-failed', what: `${why}; ${remains}; ${copy.what}`, remedy };
}
