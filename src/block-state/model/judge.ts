import { hex, type Backend, type BlockMemory } from './backend-list';
import type { BlockState, Evidence, Finding } from '../../core/finding';
import { resumeOf } from '../../hypervisor/model/guest-origin';
import { message } from '../../messages';
import type { LogReading } from './log-signatures';
import type { QemuAnswers } from '../../hypervisor/model/qmp';

/** The sources of a block state. */
export interface BlockEvidence extends Evidence {
  readonly memory?: string;
  readonly log?: readonly string[];
  /** QEMU's answers. */
  readonly answers?: string;
}

export interface BlockJudgement {
  readonly blockState: BlockState;
  readonly findings: readonly (Finding & { readonly evidence?: BlockEvidence })[];
  /** The block state is unknown because the guest arrived paused, and may not have been resumed since. */
  readonly mayWait?: true;
}

export interface LogFacts extends LogReading {
  /** Why the log is incomplete since the start of the process; `undefined` when it is complete. */
  readonly gap?: string;
  /** The start of the process, or a verified reset. */
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
/** Migration states without a running migration (migration/migration.c, migration_is_idle). */
const idle = ['none', 'completed', 'failed', 'cancelled'];

/**
 * In QEMU before 8.1 a guest that was paused when its migration failed is `postmigrate`, too (migration/migration.c,
 * migration_iteration_finish): QEMU has its disks, and the guest can be resumed.
 */
export function isHandingOver({ status, migration }: Pick<QemuAnswers, 'status' | 'migration'>): boolean {
  const isLeftBehind = status === 'postmigrate' && (migration === 'failed' || migration === 'cancelled');
  return handingOver.includes(status) && !isLeftBehind;
}

export function isMigrating(migration: string | undefined): boolean {
  return migration !== undefined && !idle.includes(migration);
}

/** The check of every finding about the block state; all other checks are about paths. */
export const blockStateCheck = 'block-state';
const check = blockStateCheck;

/** The remedy of a block state that a reset repairs, or would find to be healthy. */
export function resetOf(domain: string): string {
  return `migrate-guard reset ${domain}`;
}

/**
 * The block state of INACTIVE disks. While the guest does not run they may be so by design, until the mover, or another
 * program, resumes it.
 */
export function inactiveState(runState: string): 'half-inactive' | 'not-resumed' {
  return runState === 'running' ? 'half-inactive' : 'not-resumed';
}

/** The block state in memory, backend by backend. */
export function judgeMemory(memory: BlockMemory, domain: string): BlockJudgement {
  const { runState, backends } = memory;
  if (isHandingOver({ status: runState, migration: memory.migration })) {
    const evidence = { memory: `run state ${runState}, migration ${memory.migration}` };
    const text = message('handing-over', { state: runState, domain });
    return { blockState: 'unknown', findings: [{ check, state: 'unknown', ...text, evidence }] };
  }
  const isInactive = backends.some(({ root }) => root?.inactive);
  // The same resume clears a flag that was left on, too.
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
    const text =
      runState === 'running'
        ? message('inactive-running', { name })
        : message('inactive-paused', { name, state: runState });
    return { ...finding, state: 'problem', ...text, remedy };
  }
  // A drive without a medium has nothing to hand over. Its flag stays set on every VM that arrived by a migration
  // (blk_attach_dev() in RUN_STATE_INMIGRATE sets it, and bdrv_activate_all() reaches only nodes).
  if (disablePerm && root) {
    return { ...finding, state: 'problem', ...message('disable-perm', { name }), remedy };
  }
  return { ...finding, state: 'ok', ...message(root ? 'backend-active' : 'no-medium', { name }) };
}
