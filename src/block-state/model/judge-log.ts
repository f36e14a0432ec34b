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
import { mayWaitForResume, resumeOf, type GuestOrigin } from '../../hypervisor/model/guest-origin';
import { message, textOf, type Message } from '../../messages';
import { isBrokenStream } from './log-signatures';
import type { QemuAnswers } from '../../hypervisor/model/qmp';
import { isUnknown, type Unknown } from '../../core/unknown';

/** The facts about a QEMU whose memory was not read. */
export interface WithoutMemory {
  /** Why memory was not read. */
  readonly why: string;
  readonly log: LogFacts | Unknown;
  /** QEMU's answers. `undefined`: it was not asked. */
  readonly answers: QemuAnswers | Unknown | undefined;
  readonly origin: GuestOrigin;
  /** The domain's state in libvirt's status XML. */
  readonly state: string | undefined;
}

/**
 * The block state without memory. A signature in the log proves that a hand-over failed, and nothing about what QEMU did
 * afterwards: a `cont` that succeeded leaves no line. A complete log without a signature proves that no hand-over failed,
 * but not that no disk is INACTIVE: neither an arrival nor a QMP command leaves a line. A QEMU that has seen no migration
 * cannot have failed one.
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
    text: Message,
    remedy = text.remedy,
  ): BlockJudgement => ({
    blockState,
    findings: [{ check, state, ...text, ...(remedy === undefined ? {} : { remedy }), evidence }],
  });
  const unknown = (reason: Message, remedy: string): BlockJudgement =>
    judged('unknown', 'unknown', message('without-memory', { reason, problem: why }), remedy);
  if (answered && isHandingOver(answered))
    return judged('unknown', 'unknown', message('handing-over', { state: answered.status, domain }));
  if (answered?.inactiveNodes !== undefined) return judgeNodes(answered, answered.inactiveNodes);
  const runs = (answered?.status ?? known.state) === 'running';
  const hasRun = origin.hasRun || answered?.hasServed === true;
  if (mayWaitForResume({ ...origin, hasRun }, runs)) {
    return { ...unknown(message('guest-may-wait'), resumeOf(domain)), mayWait: true };
  }
  // Without an answer to a question it is not known which migrations QEMU has seen.
  const isClear = !isUnknown(log) && log.gap === undefined && log.signatures.length === 0;
  if (isClear && (answers === undefined || answered)) {
    // Only at a node without a driver does QEMU fail to take its disks back without a line, and then it does not answer.
    const isHarmless = answered && (answered.migration !== 'failed' || log.complaints.every(isBrokenStream));
    if (log.complaints.length === 0 || isHarmless) {
      return judged('healthy', 'ok', message('no-failed-handover', { since: log.since }));
    }
  }
  if (answered && answered.migration === undefined) {
    return judged('healthy', 'ok', message('no-migration-seen'));
  }
  const isPaused = answered?.status === 'paused' || answered?.status === 'postmigrate';
  return unknown(whyUnknown(log, answers), isPaused ? resumeOf(domain) : resetOf(domain));

  function judgeNodes({ status }: QemuAnswers, inactive: readonly string[]): BlockJudgement {
    if (inactive.length === 0) {
      // A QEMU that reports `active` re-activates after every failure (migration/migration.c, 8.1 on).
      return judged('healthy', 'ok', message('nodes-active'));
    }
    const nodes = inactive.join(', ');
    const blockState = inactiveState(status);
    return blockState === 'half-inactive'
      ? judged(blockState, 'problem', message('nodes-inactive', { nodes }), resetOf(domain))
      : judged(
          blockState,
          'problem',
          message('nodes-inactive-paused', { nodes, state: status }),
          resumeOf(domain),
        );
  }
}

function whyUnknown(log: LogFacts | Unknown, answers: QemuAnswers | Unknown | undefined): Message {
  if (isUnknown(log)) return message('log-unusable', { problem: log.unknown });
  const { since, gap } = log;
  if (log.signatures.length > 0) return message('handover-failed', { since });
  if (gap !== undefined) return message('log-unusable', { problem: gap });
  if (answers !== undefined && !isUnknown(answers)) return message('last-migration-failed');
  const problem = answers === undefined ? textOf('qemu-not-asked') : answers.unknown;
  return log.complaints.length > 0
    ? message('problems-unanswered', { problem })
    : message('arrival-unanswered', { since, problem });
}

function logEvidence({ signatures, complaints, since, gap }: LogFacts): string[] {
  const lines = [...signatures.map(({ line }) => line), ...complaints].slice(-10);
  return [`since ${since}${gap === undefined ? '' : `, incomplete: ${gap}`}`, ...lines];
}

function describeAnswers(answers: QemuAnswers | Unknown): string {
  if (isUnknown(answers)) return answers.unknown;
  const { status, migration = 'none', migrationError, inactiveNodes: nodes, hasServed } = answers;
  const error = migrationError === undefined ? '' : ` (${migrationError})`;
  const reported =
    nodes === undefined ? 'does not report which nodes are active' : `${nodes.length} nodes inactive`;
  const served =
    hasServed === undefined ? '' : `, disks ${hasServed ? 'have served' : 'have not served'} the guest`;
  return `status ${status}, migration ${migration}${error}, ${reported}${served}`;
}
