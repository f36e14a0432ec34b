import { setTimeout as pause } from 'node:timers/promises';
import type { Settings } from '../config/settings';
import type { DomainReport } from '../core/finding';
import { listDomains } from '../hypervisor/list-domains';
import { readDomain } from '../hypervisor/status-files';
import { VirshSession } from '../hypervisor/virsh-session';
import { Handovers } from './handovers';
import { DirectoryWatcher, readLimit } from './io/directory-watcher';
import { DomainWatcher } from './io/domain-watcher';
import { LogWatcher } from './io/log-watcher';
import { MountWatcher } from './io/mount-watcher';
import { heldForRepair, readDomains, repairSeen, type Seen, type WatchReport } from './look';
import { Loop } from './loop';
import { Due } from './model/due';
import { PathUsers } from './model/path-users';
import { Round } from './model/round';
import { Schedule } from './model/schedule';
import type { WatchedDirectories } from './model/state';

/** What is done with what the watcher sees. */
export interface WatchOutput {
  readonly looked: (report: WatchReport, uuid: string | undefined) => void;
  /** Something could not be done, and is tried again. */
  readonly failed: (error: unknown) => void;
  /** QEMU was given the domain's disks back. */
  readonly gaveBack: (domain: string, what: string) => void;
  /** The domain does not run here any more. */
  readonly gone: (domain: string) => void;
  /** Called after each look, and every some seconds. */
  readonly seen: (noticing: Noticing) => void;
}

/** By which means changes are noticed. */
export interface Noticing {
  readonly directories: WatchedDirectories;
  readonly mounts: boolean;
  readonly libvirt: boolean;
  readonly logs: boolean;
  /** Every domain that runs. */
  readonly names: readonly string[];
}

/** Milliseconds between two looks at directories without events: at those in memory, and at all others. */
const oftenMs = 1000;
const seldomMs = 5000;
/** So long a look at directories is waited for: their storage may hang. */
const pollDeadlineMs = 2000;
/** What does not stay running is not started more often than this. */
const restartMs = 30_000;
/** A VM that another migrate-guard works on, or that could not be read, is looked at again after the first; then after the second. */
const againMs = 5000;
const laterMs = 60_000;
/** How often the state is written at least, so that its readers know that it is true. */
const seenMs = 20_000;

/**
 * Keeps the disk paths of this host's running domains whole, and gives QEMU its disks back after a failed hand-over: looks
 * at a domain when something on the path of one of its disks changes, when libvirt says that the domain changed, and once
 * in every `watch.interval`. It keeps nothing that cannot be read again.
 */
export class Watcher {
  private readonly users = new PathUsers();
  private readonly due = new Due();
  private readonly again = new Schedule();
  private readonly round = new Round();
  private readonly loop: Loop;
  private readonly directories: DirectoryWatcher;
  private readonly domains: DomainWatcher;
  private readonly mounts: MountWatcher;
  private readonly logs: LogWatcher;
  private readonly handovers: Handovers;
  /** With more events in one second the kernel may have dropped others, and Node does not tell of it (inotify(7), IN_Q_OVERFLOW). */
  private readonly mostEvents = readLimit('max_queued_events') / 2;
  /** Domains that were undecided at the last look, or whose repair failed. */
  private readonly doubtful = new Set<string>();
  /** A look at directories that has not ended. */
  private polling: Promise<void> | undefined;

  constructor(
    private readonly settings: Settings,
    private readonly output: WatchOutput,
  ) {
    this.loop = new Loop((error) => output.failed(error));
    this.directories = new DirectoryWatcher(this.users, (element) => this.note(this.users.usersOf(element)));
    const { stateDirectory, logDirectory } = settings.libvirt;
    this.handovers = new Handovers(settings, {
      gaveBack: (name, what) => output.gaveBack(name, what),
      failed: (error) => output.failed(error),
      look: (name) => this.note([name]),
      lookLater: (name) => this.again.add(name, now() + againMs),
    });
    this.logs = new LogWatcher(logDirectory, (name, news) => this.handovers.heard(name, news));
    this.domains = new DomainWatcher(stateDirectory, (name) => {
      this.handovers.changed(name);
      this.note([name]);
    });
    this.mounts = new MountWatcher((mountPoint) => this.directories.replaced(mountPoint));
  }

  /** Runs until `signal`; a repair that has begun is carried out. @returns whether a look at storage still hangs */
  async run(signal: AbortSignal): Promise<boolean> {
    const regular = [
      () => this.startLogs(),
      () => this.startDomains(),
      () => this.startMounts(),
      () => this.nextOfRound(),
      () => this.pollOften(),
      () => this.pollSeldom(),
      () => this.tell(),
    ];
    try {
      await this.loop.run(regular, () => this.runDue(signal), signal);
      return this.polling !== undefined;
    } finally {
      this.directories.close();
      this.domains.end();
      this.mounts.end();
      this.logs.end();
      await this.handovers.end();
    }
  }

  /** These domains are to be looked at. */
  private note(names: readonly string[]): void {
    this.due.add(names, now());
    this.loop.wakeUp();
  }

  /** At first, and after libvirt's directory was replaced: what was missed until it runs is not known. */
  private startDomains(): number {
    if (this.domains.start()) this.note(this.names());
    return seldomMs;
  }

  /** The same of the directory of QEMU's logs; where it is not watched, failed hand-overs are noticed by looks at every VM. */
  private startLogs(): number {
    this.logs.follow(this.names());
    this.logs.start();
    if (this.logs.isRunning) return seldomMs;
    this.note(this.names());
    return restartMs;
  }

  /** At first, and after findmnt has ended: where it does not stay running, mounts are noticed by looks at every VM. */
  private startMounts(): number {
    if (this.mounts.isRunning) return seldomMs;
    this.mounts.start();
    this.note(this.names());
    // findmnt takes a moment to read the mounts.
    for (const name of this.names()) this.again.add(name, now() + againMs);
    return restartMs;
  }

  private async pollOften(): Promise<number> {
    if (this.directories.takeEvents() >= this.mostEvents) {
      this.note(this.names());
      this.logs.readAll();
    }
    await this.directories.poll('polled-often');
    return oftenMs;
  }

  private async pollSeldom(): Promise<number> {
    this.polling ??= this.directories.poll('polled').finally(() => {
      this.polling = undefined;
    });
    await Promise.race([this.polling, pause(pollDeadlineMs, undefined, { ref: false })]);
    return seldomMs;
  }

  private nextOfRound(): number {
    const { names, pauseMs } = this.round.next(() => this.names(), this.settings.watch.interval * 1000);
    this.note(names);
    return pauseMs;
  }

  /** @returns milliseconds until the next domains are due */
  private async runDue(signal: AbortSignal): Promise<number> {
    const hold = this.handovers.holdsUntil - now();
    if (hold > 0) return hold;
    const names = [...new Set([...this.due.take(now()), ...this.again.take(now())])];
    try {
      if (names.length > 0) await this.look(names, signal);
    } catch (error) {
      for (const name of names) this.again.add(name, now() + againMs);
      throw error;
    }
    return Math.min(this.due.at() ?? Infinity, this.again.at() ?? Infinity) - now();
  }

  private async look(names: readonly string[], signal: AbortSignal): Promise<void> {
    const { stateDirectory, deadline } = this.settings.libvirt;
    const found = names.flatMap((name) => readDomain(stateDirectory, name) ?? []);
    const began = now();
    const running = new Set(found.map(({ name }) => name));
    for (const name of names) if (!running.has(name)) this.forget(name);
    const virsh = new VirshSession(deadline * 1000);
    try {
      const all = await readDomains(found, this.settings, virsh);
      this.watchPathsOf(all);
      for (const { some, group } of heldForRepair(all, this.settings)) {
        for (const seen of some) {
          if (signal.aborted) return;
          const domain = seen.read?.domain;
          // Without its disks the guest may not live until its paths are repaired.
          const report = this.handovers.looked(seen.report, domain, began);
          if (!report) continue;
          const repaired = await repairSeen(seen, this.settings, virsh, group);
          if (!repaired && isPassing(seen)) continue;
          if (this.isSure(report, repaired)) this.output.looked(repaired ?? report, domain?.uuid);
        }
      }
    } finally {
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
    const fresh = this.directories.set(this.users.directories());
    const users = fresh.flatMap((directory) => this.users.usersIn(directory));
    this.note([...new Set([...renewed.map(({ report }) => report.domain), ...users])]);
  }

  /**
   * Whether it is reported. Not of a VM that another migrate-guard works on, nor of one that could be read before: it may
   * just start or end.
   */
  private isSure({ domain, verdict, blockState }: DomainReport, repaired: WatchReport | undefined): boolean {
    const result = repaired !== undefined && 'result' in repaired ? repaired.result : undefined;
    const wasDoubtful = this.doubtful.delete(domain);
    if (result === 'busy') {
      this.again.add(domain, now() + againMs);
      return false;
    }
    if (result === 'failed') {
      // What it lacked may be there later, such as room in /run.
      this.again.add(domain, now() + (wasDoubtful ? laterMs : againMs));
      this.doubtful.add(domain);
      return true;
    }
    if (verdict !== 'undecided') {
      // A reset changes no path, and may leave no line in QEMU's log.
      if (blockState !== 'healthy') this.again.add(domain, now() + laterMs);
      return true;
    }
    this.doubtful.add(domain);
    this.again.add(domain, now() + (wasDoubtful ? laterMs : againMs));
    return wasDoubtful || result === 'repaired';
  }

  private forget(name: string): void {
    this.users.remove(name);
    this.doubtful.delete(name);
    this.handovers.forget(name);
    this.output.gone(name);
  }

  private tell(): number {
    const names = this.names();
    this.logs.follow(names);
    this.output.seen({
      directories: this.directories.counts(),
      mounts: this.mounts.isRunning,
      libvirt: this.domains.isRunning,
      logs: this.logs.isRunning,
      names,
    });
    return seenMs;
  }

  /** None as long as libvirt has not been started. */
  private names(): readonly string[] {
    return listDomains(this.settings.libvirt.stateDirectory) ?? [];
  }
}

const now = (): number => performance.now();

/**
 * A domain that is undecided in the middle of a job of libvirt, such as an arrival: libvirt writes its status file when
 * the job ends (src/qemu/qemu_domainjob.c, qemuDomainSaveStatus).
 */
function isPassing({ report, read }: Seen): boolean {
  return report.verdict === 'undecided' && read?.domain.job !== undefined;
}
