import { hex, type Backend, type BlockMemory } from './backend-list';
import type { BlockState, Evidence, Finding } from '../../core/finding';
import { resumeOf } from '../../hypervisor/model/guest-origin';
import type { LogReading } from './log-signatures';
import type { QemuAnswers } from '../../hypervisor/model/qmp';

/** By what a block state was found. */
export interface BlockEvidence extends Evidence {
  readonly memory?: string;
  readonly log?: readonly string[];
  /** What QEMU answered. */
  readonly answers?: string;
}

export interface BlockJudgement {
  readonly blockState: BlockState;
  readonly findings: readonly (Finding & { readonly evidence?: BlockEvidence })[];
  /** Of an unknown one: the guest arrived paused, and may still wait for its resume. */
  readonly mayWait?: true;
}

export interface LogFacts extends LogReading {
  /** Why the log does not tell everything since the process started; `undefined` when it does. */
  readonly gap?: string;
  /** Since when: the start of the process, or a reset that was verified. */
  readonly since: string;
}

/** Run states in which the disks belong to a migration, or not yet to the guest (qapi/run-state.json). */
const handingOver = [
  'inmigrate',
  'prelaunch',
  'finish-migrate',
  'postmigrate',
  'colo',
  'restore-vm',
  'save-vm',
];
/** Migration states in which nothing is under way (migration/migration.c, migration_is_idle). */
const idle = ['none', 'completed', 'failed', 'cancelled'];

/**
 * A guest that stood still when its migration failed is `postmigrate` in QEMU before 8.1, too (migration/migration.c,
 * migration_iteration_finish): nothing was handed over, and it can be resumed.
 */
export function isHandingOver({ status, migration }: Pick<QemuAnswers, 'status' | 'migration'>): boolean {
  const isLeftBehind = status === 'postmigrate' && (migration === 'failed' || migration === 'cancelled');
  return handingOver.includes(status) && !isLeftBehind;
}

export function isMigrating(migration: string | undefined): boolean {
  return migration !== undefined && !idle.includes(migration);
}

/** The check of every finding about the block state; all others are about paths. */
export const blockStateCheck = 'block-state';
const check = blockStateCheck;

/** The remedy of what a reset heals, or would find out to be healthy. */
export function resetOf(domain: string): string {
  return `migrate-guard reset ${domain}`;
}

/**
 * What INACTIVE disks are by the run state. While the guest does not run they may be so by design, and belong to whoever
 * will resume it.
 */
export function inactiveState(runState: string): 'half-inactive' | 'not-resumed' {
  return runState === 'running' ? 'half-inactive' : 'not-resumed';
}

/** Judges what was read from memory, backend by backend. */
export function judgeMemory(memory: BlockMemory, domain: string): BlockJudgement {
  const { runState, backends } = memory;
  if (isHandingOver({ status: runState, migration: memory.migration })) {
    const what = `QEMU is in ${runState}: it is giving its disks away or has done so, which is neither healthy nor broken`;
    const remedy = `wait for the end of the migration, then look at virsh domstate ${domain} --reason`;
    const evidence = { memory: `run state ${runState}, migration ${memory.migration}` };
    return { blockState: 'unknown', findings: [{ check, state: 'unknown', what, remedy, evidence }] };
  }
  const isInactive = backends.some(({ root }) => root?.inactive);
  // A flag that was left on beside it goes with the same resume, and with nothing else.
  const waits = isInactive && inactiveState(runState) === 'not-resumed';
  const remedy = waits ? resumeOf(domain) : resetOf(domain);
  const findings = backends.map((backend) => judgeBackend(backend, memory, remedy));
  const isStuck = findings.some(({ state }) => state === 'problem');
  const blockState = isInactive ? inactiveState(runState) : isStuck ? 'stuck' : 'healthy';
  return { blockState, findings };
}

function judgeBackend(
  { address, name, root, disablePerm }: Backend,
  { runState, migration }: BlockMemory,
  remedy: string,
): BlockJudgement['findings'][number] {
  const node =
    root === undefined ? 'no medium' : `node ${root.name} ${root.inactive ? 'INACTIVE' : 'active'}`;
  const memory = `backend ${hex(address)}: disable_perm ${disablePerm ? 1 : 0}, ${node}; run state ${runState}, migration ${migration}`;
  const finding = { check, disk: root?.name ?? name, evidence: { memory } };
  if (root?.inactive) {
    const when =
      runState === 'running'
        ? 'while the guest runs: a write of the guest,'
        : `and the guest is ${runState}: until it is resumed,`;
    const what = `the root node of ${name} is INACTIVE ${when} a migration, a save or a resize of the disk aborts QEMU`;
    return { ...finding, state: 'problem', what, remedy };
  }
  // A drive without a medium has nothing to give away. Its flag stays set on every VM that came by a migration
  // (blk_attach_dev() in RUN_STATE_INMIGRATE sets it, and bdrv_activate_all() reaches only nodes).
  if (disablePerm && root) {
    const what = `disable_perm of ${name} was left on by a failed migration: every migration will fail`;
    return { ...finding, state: 'problem', what, remedy };
  }
  const what = root ? `${name} holds its permissions and is active` : `${name} has no medium`;
  return { ...finding, state: 'ok', what };
}
