import type { Settings } from '../config/settings';
import type { DomainReport } from '../core/finding';
import type { RepairReport } from '../disk-paths/repair';
import { listDomains } from '../hypervisor/list-domains';
import { readDomain } from '../hypervisor/status-files';
import { VirshSession } from '../hypervisor/virsh-session';
import { Handovers } from './handovers';
import { HostChanges, type Noticing } from './host-changes';
import { heldForRepair, readDomains, repairSeen, type Seen, type WatchReport } from './look';
import { Loop } from './loop';
import { Agenda } from './model/agenda';
import { Doubts } from './model/doubts';
import { PathUsers } from './model/path-users';
import { Round } from './model/round';

/** What is done with what the watcher sees. */
export interface WatchOutput {
  /** `time`: when the look began, in seconds since 1970. */
  readonly looked: (report: WatchReport, uuid: string | undefined, time: number) => void;
  /** QEMU was given its disks back. */
  readonly gaveBack: (domain: string, what: string) => void;
  /** Something could not be done, and is tried again. */
  readonly failed: (error: unknown) => void;
  /** The domain does not run here any more. */
  readonly gone: (domain: string) => void;
  /** Called after each look, and every some seconds. */
  readonly seen: (seen: HostSeen) => void;
}

export interface HostSeen extends Noticing {
  /** Every domain that runs. */
  readonly names: readonly string[];
  /** Those that are to be looked at again soon. */
  readonly pending: ReadonlySet<string>;
}

/** What could not be done is tried again after this time. */
const againMs = 5000;
/** How often the state is written at least, so that its readers know that it is true. */
const seenMs = 20_000;
/** A look that takes longer than this is written down before its end. */
const longLookMs = 1000;

/**
 * Keeps the disk paths of this host's running domains whole, and gives QEMU its disks back after a failed hand-over: looks
 * at a domain when something on the path of one of its disks changes, when libvirt says that the domain changed, and once
 * in every `watch.interval`. It keeps nothing that cannot be read again.
 */
export class Watcher {
  private readonly users = new PathUsers();
  private readonly agenda = new Agenda();
  private readonly round = new Round();
  private readonly loop: Loop;
  private readonly changes: HostChanges;
  private readonly handovers: Handovers;
  /** Domains that were seen to run. */
  private readonly known = new Set<string>();
  /** Domains that are looked at now. */
  private looking: ReadonlySet<string> = new Set();
  private readonly doubts = new Doubts();

  constructor(
    private readonly settings: Settings,
    private readonly output: WatchOutput,
  ) {
    const failed = (error: unknown): void => output.failed(error);
    this.loop = new Loop(failed);
    this.handovers = new Handovers(settings, {
      gaveBack: (name, what) => output.gaveBack(name, what),
      failed,
      look: (name) => this.note([name]),
      lookLater: (name) => this.agenda.again(name, now() + againMs),
    });
    this.changes = new HostChanges(settings, this.users, () => this.names(), {
      failed,
      changed: (names) => this.note(names),
      heard: (name, news) => this.handovers.heard(name, news),
      statusChanged: (name) => {
        this.handovers.changed(name);
        this.note([name]);
      },
      mountsUncertain: () => {
        for (const name of this.names()) this.agenda.again(name, now() + againMs);
      },
    });
  }

  /** Runs until `signal`; a repair that has begun is carried out. @returns whether a look at storage still hangs */
  async run(signal: AbortSignal): Promise<boolean> {
    const regular = [...this.changes.tasks, () => this.nextOfRound(), () => this.tell()];
    try {
      await this.loop.run(regular, () => this.runDue(signal), signal);
      return this.changes.hangs;
    } finally {
      this.changes.end();
      await this.handovers.end();
    }
  }

  /** These domains are to be looked at. */
  private note(names: readonly string[]): void {
    this.agenda.changed(names, now());
    this.loop.wakeUp();
  }

  private nextOfRound(): number {
    const { names, pauseMs } = this.round.next(() => {
      const running = this.names();
      // Their end may have been missed.
      return [...running, ...[...this.known].filter((name) => !running.includes(name))];
    }, this.settings.watch.interval * 1000);
    this.note(names);
    return pauseMs;
  }

  /** @returns milliseconds until the next domains are due */
  private async runDue(signal: AbortSignal): Promise<number> {
    const hold = this.handovers.holdsUntil - now();
    if (hold > 0) return hold;
    const names = this.agenda.take(now());
    try {
      if (names.length > 0) await this.look(names, signal);
    } catch (error) {
      for (const name of names) this.agenda.again(name, now() + againMs);
      throw error;
    }
    return this.agenda.at() - now();
  }

  private async look(names: readonly string[], signal: AbortSignal): Promise<void> {
    const { stateDirectory, deadline } = this.settings.libvirt;
    const began = { at: now(), time: secondsNow() };
    const found = names.flatMap((name) => readDomain(stateDirectory, name) ?? []);
    const running = new Set(found.map(({ name }) => name));
    for (const name of names) if (!running.has(name)) this.forget(name);
    for (const name of running) this.known.add(name);
    this.looking = running;
    const late = setTimeout(() => this.tellLate(), longLookMs);
    const virsh = new VirshSession(deadline * 1000);
    try {
      const all = await readDomains(found, this.settings, virsh);
      this.watchPathsOf(all);
      for (const { some, group } of heldForRepair(all, this.settings)) {
        for (const seen of some) {
          if (signal.aborted) return;
          const domain = seen.read?.domain;
          // Without its disks the guest may not live until its paths are repaired.
          const report = this.handovers.looked(seen.report, domain, began.at);
          if (!report) continue;
          const repaired = await repairSeen(seen, this.settings, virsh, group);
          if (this.isSure(seen, report, repaired))
            this.output.looked(repaired ?? report, domain?.uuid, began.time);
        }
      }
    } finally {
      clearTimeout(late);
      this.looking = new Set();
      virsh.end();
      this.tell();
    }
  }

  /**
   * Watches what is on the paths of these domains now. A change of what was not watched until now may have been missed, so
   * its users are looked at once more.
   */
  private watchPathsOf(all: readonly Seen[]): void {
    const renewed = all.filter(({ report, paths }) => {
      // Of a path that could not be read the last known elements still count.
      const isRead = paths.length > 0 && paths.every(({ hops }) => hops.length > 0);
      return isRead && this.users.set(report.domain, paths);
    });
    const fresh = this.changes.watch(this.users.directories());
    const users = fresh.flatMap((directory) => this.users.usersIn(directory));
    this.note([...new Set([...renewed.map(({ report }) => report.domain), ...users])]);
  }

  /** Whether it is reported; what is in doubt is looked at again. */
  private isSure({ read }: Seen, report: DomainReport, repaired: RepairReport | undefined): boolean {
    const { domain, verdict, blockState } = report;
    const { isSure, again } = this.doubts.judge(domain, now(), {
      verdict,
      blockState,
      ...(read ? { read: { hasJob: read.domain.job !== undefined } } : {}),
      ...(repaired ? { repair: repaired.result } : {}),
    });
    if (again !== undefined) this.agenda.again(domain, now() + again);
    return isSure;
  }

  private forget(name: string): void {
    this.known.delete(name);
    this.users.remove(name);
    this.doubts.forget(name);
    this.handovers.forget(name);
    this.output.gone(name);
  }

  private tell(): number {
    const names = this.names();
    this.changes.follow(names);
    const isPending = (name: string): boolean =>
      this.agenda.has(name) || this.looking.has(name) || this.handovers.isWorkingOn(name);
    this.output.seen({ ...this.changes.noticing(), names, pending: new Set(names.filter(isPending)) });
    return seenMs;
  }

  private tellLate(): void {
    try {
      this.tell();
    } catch (error) {
      this.output.failed(error);
    }
  }

  /** None as long as libvirt has not been started. */
  private names(): readonly string[] {
    return listDomains(this.settings.libvirt.stateDirectory) ?? [];
  }
}

/** In milliseconds, of a clock that never goes back. */
function now(): number {
  return performance.now();
}

/** Since 1970, to the millisecond. */
export function secondsNow(): number {
  return new Date().getTime() / 1000;
}
