import {
  decidingFinding,
  reasonOf,
  verdictOf,
  type BlockState,
  type DomainReport,
  type Verdict,
} from '../../core/finding';

/** What the watcher last saw of one VM. */
export interface WatchedVm {
  readonly verdict: Verdict;
  readonly blockState: BlockState;
  /** Why it is not safe; empty where it is. */
  readonly reason: string;
  /** Seconds since 1970. */
  readonly time: number;
}

/** How many directories are watched by which means (src/watch/model/means.ts). */
export interface WatchedDirectories {
  readonly events: number;
  readonly polled: number;
  readonly rounds: number;
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
  /** Whether libvirt's directory of running domains is there. */
  readonly libvirt: boolean;
  /** Since the watcher was started. */
  readonly repaired: number;
  readonly domains: Readonly<Record<string, WatchedVm>>;
}

/** A repair that failed counts as a problem that cannot be repaired. */
export function watchedVm(report: DomainReport, time: number): WatchedVm {
  const judged = judge(report);
  return { verdict: judged.verdict, blockState: report.blockState, reason: reasonOf(judged), time };
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
