import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { lastWords, type Arrival } from '../destination/model/arrival';
import { GuardError } from '../core/errors';
import { shellWord } from '../core/shell-word';
import { isUnknown, type Unknown } from '../core/unknown';
import { isGone } from '../hypervisor/hold-qemu';
import type { Destination } from '../destination/destination';
import { findDomain, NotRunning } from '../hypervisor/find-domains';
import type { GuardCourse } from './session';
import type { Attempted, Ending } from './move-report';

/** A mover may have the guest resumed by something that outlives it. Each question has the deadline that all have there. */
const resumeBoundMs = 2000;
const askIntervalMs = 100;

/**
 * The mover said that it succeeded, and its word is final. One question, where the guest runs on: a mover that lets it
 * arrive paused, and fails to resume it, may end well all the same (OpenNebula's on storage that is not shared).
 */
export async function succeeded(course: GuardCourse): Promise<Ending<'done'>> {
  const { destination, domain } = course;
  const done = { result: 'done', what: 'done' } as const;
  if (destination === undefined || course.stateBefore !== 'running') return done;
  const until = performance.now() + resumeBoundMs;
  for (;;) {
    const there = await destination.arrivalOf(domain);
    // Who cannot be asked gives no reason to doubt the mover.
    if (isUnknown(there) || !there.told.startsWith('paused')) return done;
    if (performance.now() + askIntervalMs > until) {
      const what = `it was moved, but stands still on ${destination.host} (${there.told}), and ran before`;
      return { result: 'done', what, remedy: resumeThere(course, destination), warning: true };
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
export async function died(course: GuardCourse, last: Attempted | undefined): Promise<Whereabouts> {
  const { settings } = course.options;
  const { name } = course.domain;
  const file = shellWord(course.options.file ?? 'FILE');
  if (last?.wasSaved) {
    const what = `${name} was saved, and runs no more, although the mover failed`;
    const remedy = `it goes on with what its memory held by, on ${hostname()}: virsh restore ${file}; started anew, it has lost that`;
    return { outcome: 'saved', what, remedy, isMoversFailure: true };
  }
  const elsewhere = course.destination && (await lookThere(course.destination, course, last));
  if (elsewhere) return elsewhere;
  const what = `QEMU died during the move: ${name} runs nowhere`;
  const log = `${settings.libvirt.logDirectory}/${name}.log`;
  // libvirt refuses a file that is not whole (src/qemu/qemu_saveimage.c, QEMU_SAVE_PARTIAL).
  const first = course.destination ? '' : `, try virsh restore ${file}`;
  return { outcome: 'person', what, remedy: `see ${log}${first}, then start the VM again` };
}

/** What becomes of a domain that runs here no more where it was to go; nothing, when no copy of it is there. */
async function lookThere(
  destination: Destination,
  course: GuardCourse,
  last: Attempted | undefined,
): Promise<Whereabouts | undefined> {
  const { name } = course.domain;
  const { host } = destination;
  const there = await settled(destination, course);
  if (isUnknown(there)) {
    const what = `${name} runs here no more, and nobody can tell whether it runs on ${host}: ${there.unknown}`;
    const remedy = `find out with virsh list --all on ${host}; never start it twice`;
    return { outcome: 'person', what, remedy };
  }
  switch (there.kind) {
    case 'absent':
      return undefined;
    case 'runs':
      return await arrived(course, destination, there, last);
    case 'stands': {
      const what = `${name} runs here no more; ${host} has all of it, and it stands still there (${there.told})`;
      const remedy = `the only copy: never destroy it; ${resumeThere(course, destination)}`;
      return { outcome: 'person', what, remedy, isMoversFailure: true };
    }
    case 'partial': {
      const what = `${name} runs here no more, and ${host} has a copy of it that may lack a part (${there.told})`;
      const remedy = `start it nowhere before virsh domstate --reason ${name} on ${host} says that it is gone; at "paused (user)" it is complete, and the only copy: virsh resume ${name}, there`;
      return { outcome: 'person', what, remedy };
    }
  }
}

/** What did not come over as a whole is there for a moment, too: libvirt gets time to end it. */
async function settled(destination: Destination, { domain }: GuardCourse): Promise<Arrival | Unknown> {
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
  course: GuardCourse,
  destination: Destination,
  there: Arrival,
  last: Attempted | undefined,
): Promise<Whereabouts> {
  const left = await leftHere(course);
  if (left !== undefined) {
    const { result, ...ending } = twice(course, left, there);
    return { outcome: result, ...ending, isMoversFailure: true };
  }
  const words = last ? lastWords(last.output) : '';
  const what = `it runs on ${destination.host} now, although the mover failed${words === '' ? '' : `: ${words}`}`;
  return { outcome: 'arrived', what, warning: true, isMoversFailure: true };
}

/** What is here besides the QEMU that has ended. */
async function leftHere({ domain, options }: GuardCourse): Promise<string | undefined> {
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
export function twice(course: GuardCourse, why: string, there: Arrival): Ending<'person'> {
  const { name } = course.domain;
  const host = course.destination?.host ?? '';
  const what = `${name} is on ${host} (${there.told}) and may be here, too: ${why}`;
  const remedy =
    there.kind === 'runs'
      ? `never resume it here, as it runs on ${host}; when it is well there, end what is here: virsh destroy ${name}, on ${hostname()}`
      : `let only one of the two go on: virsh resume ${name} on ${host}, or here; then virsh destroy ${name} where it stands still`;
  return { result: 'person', what, remedy };
}

function resumeThere({ domain: { name }, options }: GuardCourse, { host }: Destination): string {
  const disks = options.checkDestination === false ? 'once all its disks are there, too: ' : '';
  return `${disks}virsh resume ${name}, on ${host}`;
}
