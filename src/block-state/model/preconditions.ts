import type { Backend, BlockMemory } from './backend-list';
import { inactiveState, isHandingOver, isMigrating, type LogFacts } from './judge';
import { failureOf, type Failure } from '../../core/errors';
import { message, textOf, type Message } from '../../messages';
import type { QemuAnswers } from '../../hypervisor/model/qmp';
import type { Strategy } from '../../core/remedy-name';
import { isUnknown, type Unknown } from '../../core/unknown';

/** Because of a fact; `undecided`: because a fact is not known. */
const refused = (text: Message): Failure => failureOf('problem', text);
const undecided = (text: Message): Failure => failureOf('undecided', text);
const notKnown = ({ unknown }: Unknown): Failure => undecided({ what: unknown });

/** The facts that decide whether a remedy may be applied. */
export interface Situation {
  /** libvirt's long job (`migration out`, …), if any. */
  readonly job: string | undefined | Unknown;
  readonly memory: BlockMemory | Unknown;
  /** Asked right before `cont`, and before any remedy where memory cannot be read. */
  readonly answers?: QemuAnswers | Unknown;
  /** libvirt's state of the domain, asked right before `suspend-resume`. */
  readonly libvirtState?: string | Unknown;
  /** Why a copy on another host may own the disks, for remedies that take them back: see {@link objectionToCopy}. */
  readonly copy?: Failure | undefined;
}

/** Why a remedy must not be applied now; `undefined` when it may. */
export function objection(strategy: Strategy, situation: Situation): Failure | undefined {
  return objectionToAny(situation) ?? objections[strategy](situation);
}

/**
 * The disks of a running migration must not be touched, nor those of a guest that was not resumed since it arrived: the
 * mover that let it arrive paused may still copy its disks, and QEMU would use data that is then replaced.
 */
function objectionToAny({ job, memory, answers }: Situation): Failure | undefined {
  if (typeof job === 'object') return notKnown(job);
  if (job !== undefined) return refused(message('libvirt-job', { job }));
  const reported = [
    isUnknown(memory)
      ? undefined
      : {
          status: memory.runState,
          migration: memory.migration,
          isInactive: memory.backends.some(({ root }) => root?.inactive),
        },
    answers === undefined || isUnknown(answers)
      ? undefined
      : { ...answers, isInactive: (answers.inactiveNodes ?? []).length > 0 },
  ].filter((source) => source !== undefined);
  for (const { status, migration, isInactive } of reported) {
    if (isMigrating(migration)) return refused(message('migration-running', { state: migration ?? '' }));
    if (isHandingOver({ status, migration }))
      return refused(message('disks-of-migration', { state: status }));
    if (isInactive && inactiveState(status) === 'not-resumed')
      return refused(message('inactive-until-resumed', { state: status }));
  }
  return undefined;
}

const objections: Readonly<Record<Strategy, (situation: Situation) => Failure | undefined>> = {
  cont: ({ answers, copy }) => {
    if (copy) return copy;
    if (answers === undefined) return undecided(message('qemu-not-asked'));
    if (isUnknown(answers)) return notKnown(answers);
    // Also where QEMU has blockdev-set-active, which starts no guest: the mover may still copy the disks of a paused guest.
    return answers.status === 'running'
      ? undefined
      : refused(message('cont-would-start', { state: answers.status }));
  },
  'suspend-resume': ({ answers, libvirtState, memory, copy }) => {
    if (copy) return copy;
    if (libvirtState === undefined) return undecided(message('libvirt-not-asked'));
    if (typeof libvirtState === 'object') return notKnown(libvirtState);
    if (libvirtState !== 'running') return refused(message('resume-would-start', { state: libvirtState }));
    const run = isUnknown(memory) ? answers : { status: memory.runState };
    if (run === undefined) return undecided(message('qemu-not-asked'));
    if (isUnknown(run)) return notKnown(run);
    return run.status === 'running'
      ? undefined
      : refused(message('not-running-in-qemu', { state: run.status }));
  },
  memory: ({ memory }) => objectionToWriting(memory),
  gdb: ({ memory }) => objectionToWriting(memory),
};

/**
 * Two QEMUs must never own one disk. If the destination of the last migration is not known, only QEMU's own log can show
 * that it failed.
 */
export function objectionToCopy(log: LogFacts | Unknown, domain: string): Failure | undefined {
  const ask = (problem: string): Failure => undecided(message('ask-destination', { problem, domain }));
  if (isUnknown(log)) return ask(log.unknown);
  const { lastMigration, gap } = log;
  if (lastMigration === 'kept' || (lastMigration === undefined && gap === undefined)) return undefined;
  return ask(
    gap === undefined
      ? textOf('copy-possible', { domain })
      : textOf('gap-and-copy-possible', { gap, domain }),
  );
}

/** Clearing the flag of one disk while another is INACTIVE turns the next migration into an abort of QEMU. */
function objectionToWriting(memory: BlockMemory | Unknown): Failure | undefined {
  if (isUnknown(memory)) return refused({ what: memory.unknown });
  const inactive = memory.backends.filter(({ root }) => root?.inactive);
  if (inactive.length > 0) {
    const names = inactive.map(({ name }) => name).join(', ');
    return refused(message('flags-beside-inactive', { names }));
  }
  return stuckBackends(memory).length > 0 ? undefined : refused(message('no-flag-on'));
}

/** The backends whose flag was left on. */
export function stuckBackends(memory: BlockMemory): Backend[] {
  return memory.backends.filter(({ disablePerm, root }) => disablePerm && root !== undefined);
}

/** Whether all that decided about writing is unchanged, right before it. */
export function mayStillWrite(now: BlockMemory, before: BlockMemory): boolean {
  return (
    JSON.stringify(now) === JSON.stringify(before) &&
    objection('memory', { job: undefined, memory: now }) === undefined
  );
}
