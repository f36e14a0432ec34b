import {
  decidingFinding,
  reasonOf,
  shortReasonOf,
  verdictOf,
  type Affected,
  type BlockState,
  type DomainReport,
  type Verdict,
} from '../../core/finding';

/** What the watcher last saw of one VM. */
export interface WatchedVm {
  /** OpenNebula's deploy id; missing of a domain that could not be read. */
  readonly uuid?: string;
  /** Of its QEMU; `null` of a domain that could not be read. */
  readonly pid: number | null;
  /** Of its paths and its block state. */
  readonly verdict: Verdict;
  readonly blockState: BlockState;
  /** Why it is not safe; empty where it is. */
  readonly reason: string;
  /** The same in at most 69 characters. */
  readonly short: string;
  /** Whether something is to be read about it although it is in order, or was just repaired. */
  readonly hasNotes: boolean;
  /** Both missing where the block state was not determined: src/core/finding.ts. */
  readonly affected?: Affected;
  readonly build?: string;
  /** When the look at it began: seconds since 1970, to the millisecond. */
  readonly time: number;
}

/** The same, as it is written. */
export interface WrittenVm extends WatchedVm {
  /** It is looked at again soon: something may have changed since, or another migrate-guard works on it. */
  readonly pending: boolean;
}

/** How many directories are watched by which means (src/watch/model/means.ts). */
export interface WatchedDirectories {
  readonly events: number;
  readonly polled: number;
  readonly rounds: number;
  /** As many are watched by events as this program takes of the kernel's `max_user_watches`: all others are polled. */
  readonly full: boolean;
}

/** What the watcher writes for other programs, and for `watch --status`. */
export interface WatchState {
  /** The watcher's process, which lives as long as the state is true. */
  readonly pid: number;
  /** Clock ticks since boot. */
  readonly startTime: number;
  readonly version: string;
  /** Seconds since 1970, of this writing. */
  readonly time: number;
  readonly directories: WatchedDirectories;
  /** Whether mounts are noticed at once. */
  readonly mounts: boolean;
  /** Whether libvirt's directory of running domains is watched. */
  readonly libvirt: boolean;
  /** Whether new lines of QEMU's logs are noticed at once. */
  readonly logs: boolean;
  /** Since the watcher was started. */
  readonly repaired: number;
  readonly domains: Readonly<Record<string, WrittenVm>>;
}

/** A repair that failed counts as a problem that cannot be repaired. */
export function watchedVm(report: DomainReport, uuid: string | undefined, time: number): WatchedVm {
  const judged = judge(report);
  const { pid, blockState, affected, build, findings, plan } = report;
  return {
    ...(uuid === undefined ? {} : { uuid }),
    pid,
    verdict: judged.verdict,
    blockState,
    reason: reasonOf(judged),
    short: shortReasonOf(judged),
    hasNotes: plan.length > 0 || findings.some(({ note }) => note),
    ...(affected === undefined ? {} : { affected }),
    ...(build === undefined ? {} : { build }),
    time,
  };
}

/** Whether there is something to report: each state of a VM is reported once. */
export function isNews(now: WatchedVm, before: WatchedVm | undefined): boolean {
  if (!before) return now.verdict !== 'safe';
  return now.verdict !== before.verdict || now.reason !== before.reason;
}

/** The remedy of a VM that is not safe. */
export function remedyIn(report: DomainReport): string | undefined {
  return decidingFinding(judge(report))?.remedy;
}

function judge({ findings }: DomainReport): Pick<DomainReport, 'verdict' | 'findings'> {
  return { verdict: verdictOf(findings), findings };
}
