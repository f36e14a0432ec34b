import { setTimeout as pause } from 'node:timers/promises';
import { parseJobInfo, type JobProgress } from './model/job-progress';
import { StallDetector } from './model/stall-detector';
import type { Unknown } from '../core/unknown';
import { log } from '../os/log';
import { jobOf } from '../hypervisor/qmp-client';
import type { RunningMover } from './io/mover-process';
import { Virsh } from '../hypervisor/virsh';
import { VirshSession } from '../hypervisor/virsh-session';
import type { MoveSession } from './session';

/** Milliseconds before the first question to libvirt: the migration of a small domain is over by then. */
const firstPollDelayMs = 2000;
/** Milliseconds between two questions. */
const pollIntervalMs = 1000;
/** Milliseconds that a mover gets for its own tidying up before it is killed. */
const termGraceMs = 2000;

/**
 * Beside a mover: asks libvirt how far its job is, and has it ended when it stands still, or when somebody wishes so.
 * It is libvirt that ends it, so that the guest runs on; the mover then ends by itself. One that does not, because it
 * waits for a destination that nobody reaches any more, is killed, and libvirt tidies up what it began.
 */
export class JobWatchdog {
  /** The job was ended because its copy stood still. */
  stalled = false;
  /** The job was ended because somebody wished so. */
  wasAborted = false;
  /** libvirt was told to end the job, and did not; that is said once. */
  private waitedFor = false;
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
    // The move goes on unwatched: a failure here is no reason to leave QEMU alone.
    this.watching = this.watch().catch(noted);
  }

  /** Somebody wishes the move to end. */
  abort(): void {
    this.wasAborted = true;
    this.tryToEnd();
  }

  /** The mover has ended. */
  async end(): Promise<void> {
    this.over.abort();
    // A question that waits for an answer need not.
    this.virsh.end();
    await this.watching;
    await this.ending;
  }

  private async watch(): Promise<void> {
    const { domain, options } = this.session;
    const { migrate } = options.settings;
    const patience = migrate.stallDeadline * 1000;
    let clock = new StallDetector(patience);
    for (let wait = firstPollDelayMs; await this.sleep(wait); wait = pollIntervalMs) {
      const answer = await this.virsh.ask(['domjobinfo', '--domain', domain.uuid]);
      // No answer is no standstill: libvirtd may have been restarted, and the next virsh finds it.
      if (typeof answer !== 'string') continue;
      const job = parseJobInfo(answer);
      if (job) this.show(job);
      if (this.ending || !clock.standsStill(answer, performance.now())) continue;
      if (!this.stalled) {
        const what = `the copy has stood still for ${migrate.stallDeadline} s: libvirt is to end it`;
        this.session.say('abort', what);
      }
      this.stalled = true;
      // libvirt may refuse, or not answer: as long as the copy stands still it is asked again.
      clock = new StallDetector(patience);
      this.tryToEnd();
    }
  }

  private tryToEnd(): void {
    this.ending ??= this.endJob()
      .catch(noted)
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
      // A mover that has not come to its job yet can be stopped a moment later.
    } while ((await this.sleep(pollIntervalMs)) && ordered !== true && performance.now() < until);
    if (!(await this.sleep(until - performance.now()))) return;
    if (ordered !== true && jobOf(libvirt.stateDirectory, domain.name) !== undefined) {
      // It has its reasons: of a domain that is half here and half there, for example, no half may be lost.
      if (!this.waitedFor) {
        this.session.say('abort', `libvirt does not end its job, so it is waited for: ${ordered.unknown}`);
      }
      this.waitedFor = true;
      return;
    }
    this.session.say('abort', 'the mover did not end by itself, so it is killed');
    this.mover.kill('SIGTERM');
    if (await this.sleep(termGraceMs)) this.mover.kill('SIGKILL');
  }

  /** Gives whether the mover still runs. */
  private async sleep(milliseconds: number): Promise<boolean> {
    const { signal } = this.over;
    await pause(Math.max(0, milliseconds), undefined, { signal }).catch(() => undefined);
    return !signal.aborted;
  }
}

function noted(error: unknown): void {
  log('watching the job failed', { error: String(error) });
}
