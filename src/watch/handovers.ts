import type { Settings } from '../config/settings';
import type { Reason } from '../core/errors';
import type { BlockState, DomainReport } from '../core/finding';
import type { Domain } from '../hypervisor/model/domain-xml';
import { jobOf } from '../hypervisor/qmp-client';
import { readDomain } from '../hypervisor/status-files';
import { VirshSession } from '../hypervisor/virsh-session';
import { giveBack, rehearse } from './give-back';
import type { LogNews } from './io/log-watcher';
import { mayGiveBack, withReason } from './model/handover';

export interface HandoverOutput {
  /** The disks were given back. */
  readonly gaveBack: (domain: string, what: string) => void;
  readonly failed: (error: unknown) => void;
  readonly look: (domain: string) => void;
  /** The same after some seconds. */
  readonly lookLater: (domain: string) => void;
}

/** So long after a failure nothing else is looked at: it would take the processor. In milliseconds. */
const holdMs = 1000;
/** No log may hold looks for more of the time. */
const betweenHoldsMs = 10_000;

interface Ended {
  readonly at: number;
  /** Why the disks were not given back. */
  readonly reason?: Reason;
}

/** libvirt's name for the job of a live migration to another host (src/conf/virdomainjob.c). */
const migration = 'migration out';

/**
 * Stands by while domains of this host are migrated, by whatever program, and gives QEMU its disks back when a hand-over
 * has failed. Each domain is worked on by itself: none waits for another.
 */
export class Handovers {
  /** What takes the most time is done before a failure: virsh is connected. */
  private readonly standbys = new Map<string, VirshSession>();
  private readonly working = new Map<string, Promise<void>>();
  /** How the last attempt ended, for the next look: it is not begun again at once. */
  private readonly ended = new Map<string, Ended>();
  private held = -Infinity;

  constructor(
    private readonly settings: Settings,
    private readonly output: HandoverOutput,
  ) {}

  /** Something was written into the domain's log. */
  heard(name: string, { hasBegun, hasFailed }: LogNews): void {
    if (!this.settings.watch.repair) {
      if (hasFailed) this.output.look(name);
      return;
    }
    if (hasBegun && this.job(name) === migration) this.standBy(name);
    if (!hasFailed) return;
    if (performance.now() - this.held > betweenHoldsMs) this.held = performance.now();
    this.begin(name, 'unknown', true);
  }

  isWorkingOn(name: string): boolean {
    return this.working.has(name);
  }

  /** Until then no look at a domain is to begin. */
  get holdsUntil(): number {
    return this.working.size === 0 ? -Infinity : this.held + holdMs;
  }

  /** libvirt has written, or removed, the domain's status file. */
  changed(name: string): void {
    if (this.standbys.has(name) && !this.working.has(name) && this.job(name) !== migration) this.leave(name);
  }

  /**
   * What is to be reported of a domain; `undefined`: it is worked on, or was since the look at it began, and is looked at
   * again.
   */
  looked(report: DomainReport, domain: Domain | undefined, began: number): DomainReport | undefined {
    const name = report.domain;
    const ended = this.ended.get(name);
    if (this.working.has(name) || (ended && ended.at >= began)) return undefined;
    this.ended.delete(name);
    if (domain?.job === migration && this.settings.watch.repair) this.standBy(name);
    if (!domain || !mayGiveBack(report, domain, this.settings)) return report;
    if (ended) return ended.reason ? withReason(report, ended.reason) : report;
    this.begin(name, report.blockState);
    return undefined;
  }

  /** The domain does not run here any more. */
  forget(name: string): void {
    this.leave(name);
    this.ended.delete(name);
  }

  /** What has begun is carried out; all of it is bounded. */
  async end(): Promise<void> {
    await Promise.all(this.working.values());
    for (const name of this.standbys.keys()) this.leave(name);
  }

  private begin(name: string, blockState: BlockState, isUrgent = false): void {
    if (this.working.has(name)) return;
    const work = this.work(name, blockState, isUrgent)
      .catch((error: unknown) => {
        this.setEnded(name);
        this.output.failed(error);
        return false;
      })
      .then((isOver) => {
        this.working.delete(name);
        this.changed(name);
        if (isOver) this.output.look(name);
        else this.output.lookLater(name);
      });
    this.working.set(name, work);
  }

  /** @returns whether it is over; otherwise it is to be tried again */
  private async work(name: string, blockState: BlockState, isUrgent: boolean): Promise<boolean> {
    const { settings } = this;
    const domain = readDomain(settings.libvirt.stateDirectory, name);
    if (!domain || 'why' in domain) return true;
    const virsh = isUrgent ? { virsh: this.standBy(name) } : {};
    const given = await giveBack({ domain, settings, blockState, ...virsh });
    if (given === 'busy') return false;
    this.setEnded(name, given && 'notDone' in given ? given.notDone : undefined);
    if (given && 'done' in given) this.output.gaveBack(name, given.done);
    return true;
  }

  private setEnded(name: string, reason?: Reason): void {
    this.ended.set(name, { at: performance.now(), ...(reason ? { reason } : {}) });
  }

  private standBy(name: string): VirshSession {
    const known = this.standbys.get(name);
    if (known) return known;
    const virsh = new VirshSession(this.settings.libvirt.deadline * 1000, true);
    this.standbys.set(name, virsh);
    const domain = readDomain(this.settings.libvirt.stateDirectory, name);
    // The first of everything takes some 100 ms: the connection, a question, and code that was never run.
    if (domain && !('why' in domain)) {
      rehearse(domain, this.settings);
      virsh.ask(['domstate', '--domain', domain.uuid]).catch(() => undefined);
    }
    return virsh;
  }

  private leave(name: string): void {
    this.standbys.get(name)?.end();
    this.standbys.delete(name);
  }

  private job(name: string): string | object | undefined {
    return jobOf(this.settings.libvirt.stateDirectory, name);
  }
}
