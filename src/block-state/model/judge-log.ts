import {
  blockStateCheck as check,
  inactiveState,
  isHandingOver,
  resetOf,
  type BlockEvidence,
  type BlockJudgement,
  type LogFacts,
} from './judge';
import type { BlockState, Finding } from '../../core/finding';
import { mayWait, mayWaitForResume, resumeOf, type GuestOrigin } from '../../hypervisor/model/guest-origin';
import { isBrokenStream } from './log-signatures';
import type { QemuAnswers } from '../../hypervisor/model/qmp';
import { isUnknown, type Unknown } from '../../core/unknown';

/** What is known of a QEMU whose memory was not read. */
export interface WithoutMemory {
  /** Why it was not. */
  readonly why: string;
  readonly log: LogFacts | Unknown;
  /** What QEMU answered. `undefined`: it was not asked. */
  readonly answers: QemuAnswers | Unknown | undefined;
  readonly origin: GuestOrigin;
  /** Of the domain, as libvirt's status XML has it. */
  readonly state: string | undefined;
}

/**
 * Judges without memory. A signature in the log proves that handing over failed once, and nothing about what QEMU did
 * afterwards: a `cont` that succeeded leaves no line. No signature in a whole log proves that handing over never failed,
 * but not that no disk is INACTIVE: neither an arrival nor an order by QMP leaves a line. QEMU that has never seen a
 * migration cannot have failed one.
 */
export function judgeLog(known: WithoutMemory, domain: string): BlockJudgement {
  const { log, answers, why, origin } = known;
  const answered = answers === undefined || isUnknown(answers) ? undefined : answers;
  const evidence: BlockEvidence = {
    memory: `not read: ${why}`,
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
  if (answered && isHandingOver(answered)) {
    const what = `QEMU is in ${answered.status}: it is giving its disks away or has done so`;
    return judged('unknown', 'unknown', what);
  }
  if (answered?.inactiveNodes !== undefined) return judgeNodes(answered, answered.inactiveNodes);
  const runs = (answered?.status ?? known.state) === 'running';
  const hasRun = origin.hasRun || answered?.hasServed === true;
  if (mayWaitForResume({ ...origin, hasRun }, runs)) {
    return {
      ...judged('unknown', 'unknown', `${mayWait}; memory was not read: ${why}`, resumeOf(domain)),
      mayWait: true,
    };
  }
  // Asked, and no answer: nobody knows which migrations it has seen.
  const isClear = !isUnknown(log) && log.gap === undefined && log.signatures.length === 0;
  if (isClear && (answers === undefined || answered)) {
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
  const remedy = standsStill ? resumeOf(domain) : resetOf(domain);
  return judged('unknown', 'unknown', `${whyUnknown(log, answers)}; memory was not read: ${why}`, remedy);

  function judgeNodes({ status }: QemuAnswers, inactive: readonly string[]): BlockJudgement {
    if (inactive.length === 0) {
      // QEMU that tells `active` re-activates after every failure (migration/migration.c, 8.1 on).
      const what = 'QEMU calls every node active, and is of those that take their disks back';
      return judged('healthy', 'ok', what);
    }
    const what = `QEMU calls these nodes inactive: ${inactive.join(', ')}`;
    const blockState = inactiveState(status);
    return blockState === 'half-inactive'
      ? judged(blockState, 'problem', what, resetOf(domain))
      : judged(blockState, 'problem', `${what}; and the guest is ${status}`, resumeOf(domain));
  }
}

function whyUnknown(log: LogFacts | Unknown, answers: QemuAnswers | Unknown | undefined): string {
  if (isUnknown(log)) return log.unknown;
  if (log.signatures.length > 0) {
    return `handing over failed since ${log.since}; whether QEMU took its disks back since cannot be seen`;
  }
  if (log.gap !== undefined) return log.gap;
  if (answers !== undefined && !isUnknown(answers)) {
    return 'the last migration failed and QEMU complained about something unknown';
  }
  const silent = answers === undefined ? 'it was not asked' : answers.unknown;
  return log.complaints.length > 0
    ? `QEMU complained, and does not answer what became of its last migration and its disks (${silent})`
    : `QEMU's log holds no failed handing over since ${log.since}, which does not tell of an arrival, and QEMU does not answer (${silent})`;
}

function logEvidence({ signatures, complaints, since, gap }: LogFacts): string[] {
  const lines = [...signatures.map(({ line }) => line), ...complaints].slice(-10);
  return [`since ${since}${gap === undefined ? '' : `, not whole: ${gap}`}`, ...lines];
}

function describeAnswers(answers: QemuAnswers | Unknown): string {
  if (isUnknown(answers)) return answers.unknown;
  const { status, migration = 'none', inactiveNodes: nodes, hasServed } = answers;
  const reported =
    nodes === undefined ? 'does not tell which nodes are active' : `${nodes.length} nodes inactive`;
  const served =
    hasServed === undefined ? '' : `, disks ${hasServed ? 'have served' : 'have not served'} the guest`;
  return `status ${status}, migration ${migration}, ${reported}${served}`;
}
