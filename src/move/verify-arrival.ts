import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { lastWords, type Arrival } from '../destination/model/arrival';
import { GuardError } from '../core/errors';
import { message, textOf } from '../messages';
import { shellWord } from '../core/shell-word';
import { isUnknown, type Unknown } from '../core/unknown';
import { isGone } from '../hypervisor/hold-qemu';
import type { Destination } from '../destination/destination';
import { findDomain } from '../hypervisor/find-domains';
import { NotRunning } from '../hypervisor/not-running';
import type { MoveSession } from './session';
import type { Attempted, Ending } from './move-report';

/** A process that outlives the mover may resume the guest a moment later. */
const resumeTimeoutMs = 2000;
const askIntervalMs = 100;

/**
 * The mover reported success, which is final. A guest that ran has to run there: a mover that lets it arrive paused, and
 * then fails to resume it, may report success (OpenNebula's, on storage that is not shared).
 */
export async function confirmArrival(session: MoveSession): Promise<Ending<'done'>> {
  const { destination, domain } = session;
  const done = { result: 'done', ...message('move-done') } as const;
  if (destination === undefined || session.stateBefore !== 'running') return done;
  const until = performance.now() + resumeTimeoutMs;
  for (;;) {
    const there = await destination.arrivalOf(domain);
    // A destination that does not answer is no reason to doubt the mover.
    if (isUnknown(there) || !there.reported.startsWith('paused')) return done;
    if (performance.now() + askIntervalMs > until) {
      const text = message('arrived-paused', { host: destination.host, state: there.reported });
      return { result: 'done', ...text, remedy: resumeThere(session, destination), warning: true };
    }
    await pause(askIntervalMs);
  }
}

/** Where a domain is whose QEMU here has ended. */
interface Whereabouts extends Omit<Ending, 'result'> {
  readonly outcome: 'arrived' | 'saved' | 'person';
  /** QEMU did not die: it had handed over. */
  readonly isMoversFailure?: true;
}

/** The QEMU here has ended, although the mover reported a failure. */
export async function lookElsewhere(session: MoveSession, last: Attempted | undefined): Promise<Whereabouts> {
  const { settings } = session.options;
  const { name: domain } = session.domain;
  const file = shellWord(session.options.file ?? 'FILE');
  if (last?.wasSaved) {
    const text = message('saved-although-failed', { domain, here: hostname(), file });
    return { outcome: 'saved', ...text, isMoversFailure: true };
  }
  const elsewhere = session.destination && (await lookThere(session.destination, session, last));
  if (elsewhere) return elsewhere;
  const log = `${settings.libvirt.logDirectory}/${domain}.log`;
  const text = message('qemu-died', { domain, log });
  // libvirt refuses a file that is incomplete (src/qemu/qemu_saveimage.c, QEMU_SAVE_PARTIAL).
  const remedy = session.destination ? text.remedy : textOf('restore-after-death', { log, file });
  return { outcome: 'person', ...text, remedy };
}

/** The state, on the destination, of a domain that no longer runs here; `undefined` when it has no copy of it. */
async function lookThere(
  destination: Destination,
  session: MoveSession,
  last: Attempted | undefined,
): Promise<Whereabouts | undefined> {
  const { name: domain } = session.domain;
  const { host } = destination;
  const there = await arrivalOnceSettled(destination, session);
  if (isUnknown(there)) {
    const text = message('destination-not-known', { domain, host, problem: there.unknown });
    return { outcome: 'person', ...text };
  }
  const state = there.reported;
  switch (there.kind) {
    case 'absent':
      return undefined;
    case 'runs':
      return await reportArrival(session, destination, there, last);
    case 'not-running': {
      const resume = resumeThere(session, destination);
      const text = message('complete-but-paused', { domain, host, state, resume });
      return { outcome: 'person', ...text, isMoversFailure: true };
    }
    case 'partial':
      return { outcome: 'person', ...message('maybe-incomplete', { domain, host, state }) };
  }
}

/** A copy that is incomplete is there for a moment, too: libvirt gets time to end it. */
async function arrivalOnceSettled(
  destination: Destination,
  { domain }: MoveSession,
): Promise<Arrival | Unknown> {
  const there = await destination.arrivalOf(domain);
  if (isUnknown(there) || there.kind !== 'partial') return there;
  await destination.copyOf(domain);
  return destination.arrivalOf(domain);
}

/**
 * It runs on the destination and not here: the migration has succeeded, whatever the mover reports. An OpenNebula that
 * believes the mover looks for the VM here, and may detach its disks from it by force (StorPool's failmigrate does).
 */
async function reportArrival(
  session: MoveSession,
  destination: Destination,
  there: Arrival,
  last: Attempted | undefined,
): Promise<Whereabouts> {
  const left = await leftHere(session);
  if (left !== undefined) {
    const { result, ...ending } = onBothHosts(session, left, there);
    return { outcome: result, ...ending, isMoversFailure: true };
  }
  const { host } = destination;
  const words = last ? lastWords(last.output) : '';
  const text =
    words === ''
      ? message('arrived-although-failed', { host })
      : message('arrived-although', { host, words });
  return { outcome: 'arrived', ...text, warning: true, isMoversFailure: true };
}

/** Another QEMU of the domain on this host, besides the one that has ended. */
async function leftHere({ domain, options }: MoveSession): Promise<string | undefined> {
  try {
    const found = await findDomain(domain.uuid, options.settings);
    return isGone(found) ? undefined : textOf('qemu-is-here', { pid: found.pid ?? 'not known' });
  } catch (error) {
    if (error instanceof NotRunning) return undefined;
    if (error instanceof GuardError) return textOf('qemu-here-not-known', { failure: error.what });
    throw error;
  }
}

/** Two copies of one guest, which destroy its disks if both run. */
export function onBothHosts(session: MoveSession, why: string, there: Arrival): Ending<'person'> {
  const { name: domain } = session.domain;
  const host = session.destination?.host ?? '';
  const remedy =
    there.kind === 'runs'
      ? textOf('destroy-here', { domain, host, here: hostname() })
      : textOf('resume-only-one', { domain, host });
  return {
    result: 'person',
    ...message('on-both-hosts', { domain, host, state: there.reported, why }),
    remedy,
  };
}

function resumeThere({ domain: { name: domain }, options }: MoveSession, { host }: Destination): string {
  return textOf(options.checkDestination === false ? 'resume-with-disks' : 'resume-there', { domain, host });
}
