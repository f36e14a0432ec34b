import { shortOf } from '../messages';
import type { Order } from './order';
import type { Step as PlanStep } from './repair-step';

export interface Evidence {
  /** Each hop of the host's view, as text. */
  readonly host?: readonly string[];
  /** Each hop of QEMU's view. */
  readonly namespace?: readonly string[];
  /** What the path leads to. */
  readonly device?: string;
  /** What QEMU holds open for it. */
  readonly open?: string;
}

/** The result of one check for one disk or domain. `unknown` is not `ok`. */
export interface Finding {
  readonly check: string;
  readonly state: 'ok' | 'problem' | 'unknown';
  readonly disk?: string;
  readonly path?: string;
  /** One sentence: what was found. */
  readonly what: string;
  /** `what` in at most 69 characters, where it is longer (src/messages/message.ts). */
  readonly short?: string;
  /** A command, or what an operator has to do. */
  readonly remedy?: string;
  readonly evidence?: Evidence;
  /** Not a problem, but an admin should read it. */
  readonly note?: true;
  /** The orders that this makes fail, or may make fail; empty where it is in order. */
  readonly affects?: readonly Order[];
  /** The steps that repair it. A problem without them is not repairable. */
  readonly plan?: readonly PlanStep[];
}

export type Verdict = 'safe' | 'repairable' | 'blocked' | 'undecided';

/**
 * The state of QEMU's disks, worst first. `half-inactive`: a root node is INACTIVE while the guest runs. `not-resumed`: one
 * is INACTIVE while the guest does not run: after a guest arrived paused all are, until it is resumed.
 */
export const blockStates = ['half-inactive', 'stuck', 'not-resumed', 'unknown', 'healthy'] as const;
export type BlockState = (typeof blockStates)[number];

/** Worst first: the worst one counts for a whole host. */
export const verdicts = ['blocked', 'undecided', 'repairable', 'safe'] as const satisfies readonly Verdict[];

/** A problem that cannot be repaired blocks; then an unknown leaves it undecided; all other problems are repairable. */
export function verdictOf(findings: readonly Finding[]): Verdict {
  const problems = findings.filter((finding) => finding.state === 'problem');
  if (problems.some((finding) => finding.plan === undefined)) return 'blocked';
  if (findings.some((finding) => finding.state === 'unknown')) return 'undecided';
  return problems.length > 0 ? 'repairable' : 'safe';
}

/** Whether a failed hand-over leaves a QEMU without its disks. */
export const affectedAnswers = ['yes', 'no', 'unknown'] as const;
export type Affected = (typeof affectedAnswers)[number];

export interface DomainReport {
  readonly domain: string;
  readonly pid: number | null;
  readonly verdict: Verdict;
  readonly blockState: BlockState;
  readonly findings: readonly Finding[];
  readonly plan: readonly PlanStep[];
  /** Missing where the block state was not determined. */
  readonly affected?: Affected;
  /** The build-id of the program that its QEMU runs. */
  readonly build?: string;
}

/** The first finding that gives a domain its verdict; `undefined` when it is safe. */
export function decidingFinding({
  verdict,
  findings,
}: Pick<DomainReport, 'verdict' | 'findings'>): Finding | undefined {
  return findings.find(({ state, plan }) => {
    if (verdict === 'undecided') return state === 'unknown';
    return state === 'problem' && (verdict === 'repairable' || plan === undefined);
  });
}

/** One sentence why a domain is not safe; empty when it is. */
export function reasonOf(report: Pick<DomainReport, 'verdict' | 'findings'>): string {
  const first = decidingFinding(report);
  if (!first) return '';
  const disk = first.disk === undefined ? '' : `${first.disk} ${first.path ?? ''}`.trim();
  return disk === '' ? first.what : `${disk}: ${first.what}`;
}

/** The same in at most 69 characters, with the disk's name but without its path, as in `vda: its path is missing`. */
export function shortReasonOf(report: Pick<DomainReport, 'verdict' | 'findings'>): string {
  const first = decidingFinding(report);
  if (!first) return '';
  const short = shortOf(first);
  return shortOf({ what: first.disk === undefined ? short : `${first.disk}: ${short}` });
}

/** The same report without findings that need not be read. */
export function withoutPlainOk<T extends DomainReport>(report: T): T {
  return { ...report, findings: report.findings.filter(({ state, note }) => state !== 'ok' || note) };
}
