import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { lastWords, type Arrival } from '../destination/model/arrival';
import { GuardError } from '../core/errors';
import { shellWord } from '../core/shell-word';
import { isUnknown, type Unknown } from '../core/unknown';
import { isGone } from '../hypervisor/hold-qemu';
import type { Destination } from '../destination/destination';
import { findDomain, NotRunning } from '../hypervisor/find-domains';
import type { MoveSession } from './session';
import type { Attempted, Ending } from './move-report';

/** A mover may have the guest resumed by something that outlives it. Each question has the deadline that all have there. */
const resumeTimeoutMs = 2000;
const askIntervalMs = 100;

/**
 * The mover said that it succeeded, and its word is final. One question, where the guest runs on: a mover that lets it
 * arrive paused, and fails to resume it, may end well all the same (OpenNebula's on storage that is not shared).
 */
export async function succeeded(session: MoveSession): Promise<Ending<'done'>> {
  const { destination, domain } = session;
  const done = { result: 'done', what: 'done' } as const;
  if (destination === undefined || session.stateBefore !== 'running') return done;
  const until = performance.now() + resumeTimeoutMs;
  for (;;) {
    const there = await destination.arrivalOf(domain);
    // Who cannot be asked gives no reason to doubt the mover.
    if (isUnknown(there) || !there.reported.startsWith('paused')) return done;
    if (performance.now() + askIntervalMs > until) {
      const what = `it was moved, but stands still on ${destination.host} (${there.reported}), and ran before`;
      return { result: 'done', what, remedy: resumeThere(session, destination), warning: true };
    }
    await pause(askIntervalMs);
  }
}

/** Where a domain is whose QEMU here is gone. */
export interface Whereabouts extends Omit<Ending, 'result'> {
  readonly outcome: 'arrived' | 'saved' | 'person';
  /** QEMU did not die: it had handed over. */
  readonly isMoversFailure?: true;
}

/** The QEMU that ran here is gone, although the mover said that it failed. */
export async function died(session: MoveSession, last: Attempted | undefined): Promise<Whereabouts> {
  const { settings } = session.options;
  const { name } = session.domain;
  const file = shellWord(session.options.file ?? 'FILE');
  if (last?.wasSaved) {
    const what = `${name} was saved, and runs no more, although the mover failed`;
    const remedy = `it goes on with what its memory held by, on ${hostname()}: virsh restore ${file}; started anew, it has lost that`;
    return { outcome: 'saved', what, remedy, isMoversFailure: true };
  }
  const elsewhere = session.destination && (await lookThere(session.destination, session, last));
  if (elsewhere) return elsewhere;
  const what = `QEMU died during the move: ${name} runs nowhere`;
  const log = `${settings.libvirt.logDirectory}/${name}.log`;
  // libvirt refuses a file that is not whole (src/qemu/qemu_saveimage.c, QEMU_SAVE_PARTIAL).
  const first = session.destination ? '' : `, try virsh restore ${file}`;
  return { outcome: 'person', what, remedy: `see ${log}${first}, then start the VM again` };
}

/** What becomes of a domain that runs here no more where it was to go; nothing, when no copy of it is there. */
async function lookThere(
  destination: Destination,
  session: MoveSession,
  last: Attempted | undefined,
): Promise<Whereabouts | undefined> {
  const { name } = session.domain;
  const { host } = destination;
  const there = await settled(destination, session);
  if (isUnknown(there)) {
    const what = `${name} runs here no more, and nobody can tell whether it runs on ${host}: ${there.unknown}`;
    const remedy = `find out with virsh list --all on ${host}; never start it twice`;
    return { outcome: 'person', what, remedy };
  }
  switch (there.kind) {
    case 'absent':
      return undefined;
    case 'runs':
      return await arrived(session, destination, there, last);
    case 'stands': {
      const what = `${name} runs here no more; ${host} has all of it, and it stands still there (${there.reported})`;
      const remedy = `the only copy: never destroy it; ${resumeThere(session, destination)}`;
      return { outcome: 'person', what, remedy, isMoversFailure: true };
    }
    case 'partial': {
      const what = `${name} runs here no more, and ${host} has a copy of it that may lack a part (${there.reported})`;
      const remedy = `start it nowhere before virsh domstate --reason ${name} on ${host} says that it is gone; at "paused (user)" it is complete, and the only copy: virsh resume ${name}, there`;
      return { outcome: 'person', what, remedy };
    }
  }
}

/** What did not come over as a whole is there for a moment, too: libvirt gets time to end it. */
async function settled(destination: Destination, { domain }: MoveSession): Promise<Arrival | Unknown> {
  const there = await destination.arrivalOf(domain);
  if (isUnknown(there) || there.kind !== 'partial') return there;
  await destination.copyOf(domain);
  return destination.arrivalOf(domain);
}

/**
 * It runs where it was to go, and is gone here: the migration has succeeded, whatever the mover said afterwards. Whoever
 * believes the mover looks for the VM here, and may take its disks from under it (StorPool's failmigrate detaches with force).
 */
async function arrived(
  session: MoveSession,
  destination: Destination,
  there: Arrival,
  last: Attempted | undefined,
): Promise<Whereabouts> {
  const left = await leftHere(session);
  if (left !== undefined) {
    const { result, ...ending } = twice(session, left, there);
    return { outcome: result, ...ending, isMoversFailure: true };
  }
  const words = last ? lastWords(last.output) : '';
  const what = `it runs on ${destination.host} now, although the mover failed${words === '' ? '' : `: ${words}`}`;
  return { outcome: 'arrived', what, warning: true, isMoversFailure: true };
}

/** What is here besides the QEMU that has ended. */
async function leftHere({ domain, options }: MoveSession): Promise<string | undefined> {
  try {
    const found = await findDomain(domain.uuid, options.settings);
    return isGone(found) ? undefined : `process ${found.pid ?? 'of another QEMU'} here is a QEMU of it`;
  } catch (error) {
    if (error instanceof NotRunning) return undefined;
    if (error instanceof GuardError) return `whether a QEMU of it is here cannot be told: ${error.what}`;
    throw error;
  }
}

/** Two copies of one guest: whoever lets both run destroys its disks. */
export function twice(session: MoveSession, why: string, there: Arrival): Ending<'person'> {
  const { name } = session.domain;
  const host = session.destination?.host ?? '';
  const what = `${name} is on ${host} (${there.reported}) and may be here, too: ${why}`;
  const remedy =
    there.kind === 'runs'
      ? `never resume it here, as it runs on ${host}; when it is well there, end what is here: virsh destroy ${name}, on ${hostname()}`
      : `let only one of the two go on: virsh resume ${name} on ${host}, or here; then virsh destroy ${name} where it stands still`;
  return { result: 'person', what, remedy };
}

function resumeThere({ domain: { name }, options }: MoveSession, { host }: Destination): string {
  const disks = options.checkDestination === false ? 'once all its disks are there, too: ' : '';
  return `${disks}virsh resume ${name}, on ${host}`;
}
