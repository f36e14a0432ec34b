import type { Backend, BlockMemory } from './backend-list';
import { inactiveState, isHandingOver, isMigrating, type LogFacts } from './judge';
import { failureOf, type Failure } from '../../core/errors';
import type { QemuAnswers } from '../../hypervisor/model/qmp';
import type { Strategy } from '../../core/remedy-name';
import { isUnknown, type Unknown } from '../../core/unknown';

/** Because of what is known; a remedy that is refused because something could not be found out is `undecided`. */
const refused = (what: string): Failure => failureOf('problem', what);
const undecided = (what: string): Failure => failureOf('undecided', what);

/** What has to be known before a remedy is applied. */
export interface Situation {
  /** libvirt's long job (`migration out`, …), if any. */
  readonly job: string | undefined | Unknown;
  readonly memory: BlockMemory | Unknown;
  /** Asked freshly, before `cont`, and before all else where memory cannot be read. */
  readonly answers?: QemuAnswers | Unknown;
  /** libvirt's state of the domain, asked freshly before `suspend-resume`. */
  readonly libvirtState?: string | Unknown;
  /** Why a copy elsewhere may own the disks, which matters to what takes them back: see {@link objectionToCopy}. */
  readonly copy?: Failure | undefined;
}

/** Says why a remedy must not be applied now; `undefined` when it may. */
export function objection(strategy: Strategy, situation: Situation): Failure | undefined {
  return objectionToAny(situation) ?? objections[strategy](situation);
}

/**
 * While a migration is under way the disks are not ours to touch; nor those of a guest that was not resumed since it
 * arrived: whoever let it arrive paused may still be copying its disks, and QEMU would go on with what is replaced then.
 */
function objectionToAny({ job, memory, answers }: Situation): Failure | undefined {
  if (typeof job === 'object') return undecided(job.unknown);
  if (job !== undefined) return refused(`libvirt has a job under way: ${job}`);
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
    if (isMigrating(migration)) return refused(`a migration is under way (${migration ?? ''})`);
    if (isHandingOver({ status, migration }))
      return refused(`QEMU is in ${status}: its disks belong to a migration`);
    if (isInactive && inactiveState(status) === 'not-resumed')
      return refused(`the guest is ${status} and its disks are INACTIVE until it is resumed`);
  }
  return undefined;
}

const objections: Readonly<Record<Strategy, (situation: Situation) => Failure | undefined>> = {
  cont: ({ answers, copy }) => {
    if (copy) return copy;
    if (answers === undefined) return undecided('QEMU was not asked');
    if (isUnknown(answers)) return undecided(answers.unknown);
    // Also where QEMU has blockdev-set-active, which starts no guest: the disks of one that stands still may not be its own yet.
    return answers.status === 'running'
      ? undefined
      : refused(`the guest is ${answers.status}, and cont would start it`);
  },
  'suspend-resume': ({ answers, libvirtState, memory, copy }) => {
    if (copy) return copy;
    if (libvirtState === undefined) return undecided('libvirt was not asked');
    if (typeof libvirtState === 'object') return undecided(libvirtState.unknown);
    if (libvirtState !== 'running') return refused(`the guest is ${libvirtState}, and resume would start it`);
    const status = isUnknown(memory) ? answers : { status: memory.runState };
    if (status === undefined) return undecided('QEMU was not asked');
    if (isUnknown(status)) return undecided(status.unknown);
    return status.status === 'running'
      ? undefined
      : refused(`QEMU calls the guest ${status.status}, not running`);
  },
  memory: ({ memory }) => objectionToWriting(memory),
  gdb: ({ memory }) => objectionToWriting(memory),
};

/**
 * Two QEMUs must never own one disk. Where nobody can name the host that the last migration went to, only QEMU's
 * own log can tell that it came to nothing.
 */
export function objectionToCopy(log: LogFacts | Unknown, domain: string): Failure | undefined {
  const ask = `ask the host it was to go to: migrate-guard reset ${domain} --destination HOST`;
  if (isUnknown(log)) return undecided(`${log.unknown}; ${ask}`);
  if (log.lastMigration === 'kept') return undefined;
  if (log.lastMigration === undefined && log.gap === undefined) return undefined;
  const gap = log.gap === undefined ? '' : `${log.gap}; `;
  return undecided(`${gap}the last migration may have left a copy of ${domain} that owns the disks; ${ask}`);
}

/** Clearing the flag of one disk while another is INACTIVE turns the next migration into an abort of QEMU. */
function objectionToWriting(memory: BlockMemory | Unknown): Failure | undefined {
  if (isUnknown(memory)) return refused(memory.unknown);
  const inactive = memory.backends.filter(({ root }) => root?.inactive);
  if (inactive.length > 0) {
    return refused(
      `${inactive.map(({ name }) => name).join(', ')}: INACTIVE, and clearing flags would kill the VM at its next migration`,
    );
  }
  return stuckBackends(memory).length > 0 ? undefined : refused('no flag is left on');
}

/** The backends whose flag was left on. */
export function stuckBackends(memory: BlockMemory): Backend[] {
  return memory.backends.filter(({ disablePerm, root }) => disablePerm && root !== undefined);
}

/** Whether nothing changed that matters for writing: to be asked again at the last moment. */
export function mayStillWrite(now: BlockMemory, before: BlockMemory): boolean {
  return (
    JSON.stringify(now) === JSON.stringify(before) &&
    objection('memory', { job: undefined, memory: now }) === undefined
  );
}
