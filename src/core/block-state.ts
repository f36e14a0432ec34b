import { hex, type Backend, type BlockMemory } from './block-backends';
import { isUnknown, type Unknown } from './facts';
import type { BlockState, Evidence, Finding } from './finding';
import { isBrokenStream, type LogReading } from './log-signatures';

/** By what a block state was found. */
interface BlockEvidence extends Evidence {
  readonly memory?: string;
  readonly log?: readonly string[];
  /** What QEMU answered. */
  readonly answers?: string;
}

export interface BlockJudgement {
  readonly blockState: BlockState;
  readonly findings: readonly (Finding & { readonly evidence?: BlockEvidence })[];
}

/** What QEMU answers to QMP, as far as it matters; what it does not offer is `undefined`. */
export interface QemuAnswers {
  /** `query-status`: `running`, `paused`, … */
  readonly status: string;
  /** `query-migrate`; `undefined`: this QEMU has never seen a migration. */
  readonly migration: string | undefined;
  /** Of `query-named-block-nodes`: the nodes that are inactive; `undefined` before QEMU 10.0. */
  readonly inactiveNodes: readonly string[] | undefined;
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
export function isHandingOver({
  status,
  migration,
}: {
  readonly status: string;
  readonly migration: string | undefined;
}): boolean {
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

/** The remedy of a guest that stands still: no reset may start it, and whoever resumes it gives it its disks back. */
export function resumeOf(domain: string): string {
  return `when the guest may run again, and no other host has a copy of it: virsh resume ${domain}`;
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
  const findings = backends.map((backend) => judgeBackend(backend, memory, domain));
  const states = findings.map(({ blockState }) => blockState);
  const blockState =
    states.find((state) => state === 'half-inactive') ?? states.find((state) => state === 'stuck');
  return { blockState: blockState ?? 'healthy', findings: findings.map(({ finding }) => finding) };
}

function judgeBackend(
  backend: Backend,
  { runState, migration }: BlockMemory,
  domain: string,
): { blockState: BlockState; finding: BlockJudgement['findings'][number] } {
  const { name, root, disablePerm } = backend;
  const node =
    root === undefined ? 'no medium' : `node ${root.name} ${root.inactive ? 'INACTIVE' : 'active'}`;
  const memory = `backend ${hex(backend.address)}: disable_perm ${disablePerm ? 1 : 0}, ${node}; run state ${runState}, migration ${migration}`;
  const finding = { check, disk: root?.name ?? name, evidence: { memory } };
  const remedy = resetOf(domain);
  if (root?.inactive) {
    const what =
      runState === 'running'
        ? `the root node of ${name} is INACTIVE while the guest runs: a write of the guest, a migration or a save aborts QEMU`
        : `the root node of ${name} is INACTIVE and the guest is ${runState}: a migration or a save aborts QEMU`;
    return {
      blockState: 'half-inactive',
      finding: {
        ...finding,
        state: 'problem',
        what,
        remedy: runState === 'running' ? remedy : resumeOf(domain),
      },
    };
  }
  // A drive without a medium has nothing to give away. Its flag stays set on every VM that came by a migration
  // (blk_attach_dev() in RUN_STATE_INMIGRATE sets it, and bdrv_activate_all() reaches only nodes).
  if (disablePerm && root) {
    const what = `disable_perm of ${name} was left on by a failed migration: every migration will fail`;
    return { blockState: 'stuck', finding: { ...finding, state: 'problem', what, remedy } };
  }
  const what = root ? `${name} holds its permissions and is active` : `${name} has no medium`;
  return { blockState: 'healthy', finding: { ...finding, state: 'ok', what } };
}

/**
 * Judges without memory. A signature in the log proves that handing over failed once, and nothing about what
 * QEMU did afterwards: a `cont` that succeeded leaves no line. No signature in a whole log proves that it never
 * failed. QEMU that has never seen a migration cannot have failed one.
 */
export function judgeLog(
  log: LogFacts | Unknown,
  answers: QemuAnswers | Unknown | undefined,
  domain: string,
  noMemory: string,
): BlockJudgement {
  const answered = answers === undefined || isUnknown(answers) ? undefined : answers;
  const evidence: BlockEvidence = {
    memory: `not read: ${noMemory}`,
    ...(isUnknown(log) ? { log: [log.unknown] } : { log: logEvidence(log) }),
    ...(answers === undefined ? {} : { answers: describeAnswers(answers) }),
  };
  const judged = (
    blockState: BlockState,
    state: Finding['state'],
    what: string,
    remedy?: string,
  ): BlockJudgement => ({
    blockState,
    findings: [{ check, state, what, ...(remedy === undefined ? {} : { remedy }), evidence }],
  });
  const reset = resetOf(domain);
  if (answered && isHandingOver(answered)) {
    return judged(
      'unknown',
      'unknown',
      `QEMU is in ${answered.status}: it is giving its disks away or has done so`,
    );
  }
  if (answered?.inactiveNodes !== undefined) {
    const nodes = answered.inactiveNodes;
    if (nodes.length > 0) {
      return judged(
        'half-inactive',
        'problem',
        `QEMU calls these nodes inactive: ${nodes.join(', ')}`,
        reset,
      );
    }
    // QEMU that tells `active` re-activates after every failure (migration/migration.c, 8.1 on).
    return judged(
      'healthy',
      'ok',
      'QEMU calls every node active, and is of those that take their disks back',
    );
  }
  if (!isUnknown(log) && log.gap === undefined && log.signatures.length === 0) {
    // Without a word taking the disks back fails at a node that has no driver, and of such a one QEMU does not answer.
    const isHarmless = answered && (answered.migration !== 'failed' || log.complaints.every(isBrokenStream));
    if (log.complaints.length === 0 || isHarmless) {
      return judged('healthy', 'ok', `QEMU's log holds no failed handing over since ${log.since}`);
    }
  }
  if (answered && answered.migration === undefined) {
    return judged('healthy', 'ok', 'QEMU has seen no migration since it started');
  }
  const standsStill = answered?.status === 'paused' || answered?.status === 'postmigrate';
  return judged(
    'unknown',
    'unknown',
    whyUnknown(log, noMemory, answered),
    standsStill ? resumeOf(domain) : reset,
  );
}

function whyUnknown(log: LogFacts | Unknown, noMemory: string, answered: QemuAnswers | undefined): string {
  if (isUnknown(log)) return `${log.unknown}, and memory was not read: ${noMemory}`;
  if (log.signatures.length > 0) {
    return `handing over failed since ${log.since}; whether QEMU took its disks back since cannot be seen, because memory was not read: ${noMemory}`;
  }
  if (log.gap !== undefined) return `${log.gap}, and memory was not read: ${noMemory}`;
  const why = answered
    ? 'the last migration failed and QEMU complained about something unknown'
    : 'QEMU complained, and does not answer what became of its last migration and its disks';
  return `${why}; memory was not read: ${noMemory}`;
}

function logEvidence({ signatures, complaints, since, gap }: LogFacts): string[] {
  const lines = [...signatures.map(({ line }) => line), ...complaints].slice(-10);
  return [`since ${since}${gap === undefined ? '' : `, not whole: ${gap}`}`, ...lines];
}

function describeAnswers(answers: QemuAnswers | Unknown): string {
  if (isUnknown(answers)) return answers.unknown;
  const nodes = answers.inactiveNodes;
  const told =
    nodes === undefined ? 'does not tell which nodes are active' : `${nodes.length} nodes inactive`;
  return `status ${answers.status}, migration ${answers.migration ?? 'none'}, ${told}`;
}
