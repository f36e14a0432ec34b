import { setTimeout as pause } from 'node:timers/promises';
import { parseJobInfo, type JobProgress } from './model/job-progress';
import { StallDetector } from './model/stall-detector';
import type { Unknown } from '../core/unknown';
import { textOf } from '../messages';
import { log } from '../os/log';
import { jobOf } from '../hypervisor/qmp-client';
import type { RunningMover } from './io/mover-process';
import { Virsh } from '../hypervisor/virsh';
import { VirshSession } from '../hypervisor/virsh-session';
import type { MoveSession } from './session';

/** The migration of a small domain has ended by then, and libvirt need not be asked at all. */
const firstPollDelayMs = 2000;
const pollIntervalMs = 1000;
/** For what the mover itself removes before it is killed. */
const termGraceMs = 2000;

/**
 * Runs next to a mover: asks libvirt for the progress of its job, and has libvirt end the job when the copy makes no
 * progress, or when the user cancels it. As libvirt ends it, the guest keeps running, and the mover then ends by itself.
 * A mover that waits for a destination that cannot be reached is killed, and libvirt removes what the job has left.
 */
export class JobWatchdog {
  /** The job was ended because its copy made no progress. */
  stalled = false;
  /** The user cancelled the move. */
  wasCancelled = false;
  /** libvirt did not end the job when it was asked to, which is reported once. */
  private isRefusalReported = false;
  private readonly over = new AbortController();
  private readonly watching: Promise<void>;
  private ending: Promise<void> | undefined;
  private readonly virsh: VirshSession;

  constructor(
    private readonly session: MoveSession,
    private readonly mover: RunningMover,
    private readonly show: (job: JobProgress) => void,
  ) {
    this.virsh = new VirshSession(session.options.settings.libvirt.deadline * 1000, true);
    // A failure here must not end the guard: the move continues without the watchdog.
    this.watching = this.watch().catch(logFailure);
  }

  cancel(): void {
    this.wasCancelled = true;
    this.tryToEnd();
  }

  /** The mover has ended. */
  async end(): Promise<void> {
    this.over.abort();
    // The answer to a question that is still open is not needed.
    this.virsh.end();
    await this.watching;
    await this.ending;
  }

  private async watch(): Promise<void> {
    const { domain, options } = this.session;
    const { migrate } = options.settings;
    const stallTimeoutMs = migrate.stallDeadline * 1000;
    let detector = new StallDetector(stallTimeoutMs);
    for (let wait = firstPollDelayMs; await this.sleep(wait); wait = pollIntervalMs) {
      const answer = await this.virsh.ask(['domjobinfo', '--domain', domain.uuid]);
      // No answer does not mean no progress: libvirtd may have been restarted, and the next virsh finds it.
      if (typeof answer !== 'string') continue;
      const job = parseJobInfo(answer);
      if (job) this.show(job);
      if (this.ending || !detector.isStalled(answer, performance.now())) continue;
      if (!this.stalled) {
        this.session.reportAction('abort', textOf('copy-stalled', { seconds: migrate.stallDeadline }));
      }
      this.stalled = true;
      // libvirt may refuse, or not answer: it is asked again after another such time without progress.
      detector = new StallDetector(stallTimeoutMs);
      this.tryToEnd();
    }
  }

  private tryToEnd(): void {
    this.ending ??= this.endJob()
      .catch(logFailure)
      .finally(() => (this.ending = undefined));
  }

  private async endJob(): Promise<void> {
    const { domain, options } = this.session;
    const { libvirt, migrate } = options.settings;
    const virsh = new Virsh(libvirt.deadline * 1000);
    const until = performance.now() + migrate.destinationDeadline * 1000;
    let ordered: true | Unknown;
    do {
      ordered = await virsh.abortJob(domain.uuid);
      // The mover may not have started its job yet.
    } while ((await this.sleep(pollIntervalMs)) && ordered !== true && performance.now() < until);
    if (!(await this.sleep(until - performance.now()))) return;
    if (ordered !== true && jobOf(libvirt.stateDirectory, domain.name) !== undefined) {
      // libvirt may refuse: in post-copy, for example, each host has a part of the VM, and neither may be lost.
      if (!this.isRefusalReported)
        this.session.reportAction('abort', textOf('abort-refused', { why: ordered.unknown }));
      this.isRefusalReported = true;
      return;
    }
    this.session.reportAction('abort', textOf('mover-killed'));
    this.mover.kill('SIGTERM');
    if (await this.sleep(termGraceMs)) this.mover.kill('SIGKILL');
  }

  /** @returns whether the mover still runs */
  private async sleep(milliseconds: number): Promise<boolean> {
    const { signal } = this.over;
    await pause(Math.max(0, milliseconds), undefined, { signal }).catch(() => undefined);
    return !signal.aborted;
  }
}

function logFailure(error: unknown): void {
  log('watching the job failed', { error: String(error) });
}
