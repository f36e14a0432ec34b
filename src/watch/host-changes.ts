import { setTimeout as pause } from 'node:timers/promises';
import type { Settings } from '../config/settings';
import { DirectoryWatcher, readLimit } from './io/directory-watcher';
import { DomainWatcher } from './io/domain-watcher';
import { LogWatcher, type LogNews } from './io/log-watcher';
import { MountWatcher } from './io/mount-watcher';
import type { PathUsers } from './model/path-users';
import type { WatchState } from './model/state';

/** By which means changes are noticed. */
export type Noticing = Pick<WatchState, 'directories' | 'mounts' | 'libvirt' | 'logs'>;

export interface ChangeHandlers {
  /** Something that these domains use may have changed. */
  readonly changed: (domains: readonly string[]) => void;
  /** libvirt has written, or removed, the domain's status file. */
  readonly statusChanged: (domain: string) => void;
  /** The domain's log has news. */
  readonly heard: (domain: string, news: LogNews) => void;
  /** Changes of mounts may be missed for some seconds. */
  readonly mountsUncertain: () => void;
  readonly failed: (error: unknown) => void;
}

/** Milliseconds between two looks at directories without events: at those in memory, and at all others. */
const oftenMs = 1000;
const seldomMs = 5000;
/** So long a look at directories is waited for: their storage may hang. */
const pollDeadlineMs = 2000;
/** What does not stay running is not started more often than this. */
const restartMs = 30_000;

/** Notices what changes on this host: directories, mounts, libvirt's domains, QEMU's logs. */
export class HostChanges {
  private readonly directories: DirectoryWatcher;
  private readonly domains: DomainWatcher;
  private readonly mounts: MountWatcher;
  private readonly logs: LogWatcher;
  /** With more events in one second the kernel may have dropped others, and Node does not tell of it (inotify(7), IN_Q_OVERFLOW). */
  private readonly mostEvents = readLimit('max_queued_events') / 2;
  /** A look at directories that has not ended. */
  private polling: Promise<void> | undefined;
  private pollHangs = false;

  /** `names`: of all domains that run. */
  constructor(
    { libvirt }: Settings,
    users: PathUsers,
    private readonly names: () => readonly string[],
    private readonly handlers: ChangeHandlers,
  ) {
    const { changed, statusChanged, heard, failed } = handlers;
    this.directories = new DirectoryWatcher(users, (element) => changed(users.usersOf(element)));
    this.domains = new DomainWatcher(libvirt.stateDirectory, statusChanged);
    this.mounts = new MountWatcher((mountPoint) => this.directories.replaced(mountPoint));
    this.logs = new LogWatcher(libvirt.logDirectory, { heard, failed });
  }

  /** What is to be done regularly; each returns the milliseconds until the next time. */
  readonly tasks = [
    () => this.startLogs(),
    () => this.startDomains(),
    () => this.startMounts(),
    () => this.pollOften(),
    () => this.pollSeldom(),
  ] as const;

  /** Watches these directories and no others. @returns those that were not watched before: a change may have been missed */
  watch(directories: readonly string[]): readonly string[] {
    return this.directories.set(directories);
  }

  /** The logs of these domains are read, and no others. */
  follow(domains: readonly string[]): void {
    this.logs.follow(domains);
  }

  noticing(): Noticing {
    const counts = this.directories.counts();
    const { polled, rounds } = counts;
    return {
      directories: this.pollHangs ? { ...counts, polled: 0, rounds: rounds + polled } : counts,
      mounts: this.mounts.isRunning,
      libvirt: this.domains.isRunning,
      logs: this.logs.isRunning,
    };
  }

  /** Node would wait for the storage. */
  get hangs(): boolean {
    return this.polling !== undefined;
  }

  end(): void {
    this.directories.close();
    this.domains.end();
    this.mounts.end();
    this.logs.end();
  }

  /** At first, and after libvirt's directory was replaced: what was missed until it runs is not known. */
  private startDomains(): number {
    if (this.domains.start()) this.handlers.changed(this.names());
    if (this.domains.isRunning) return seldomMs;
    const names = this.names();
    this.handlers.changed(names);
    // A directory that is not there may be at any moment; one that cannot be watched is looked at.
    return names.length === 0 ? seldomMs : restartMs;
  }

  /** The same of the directory of QEMU's logs; where it is not watched, failed hand-overs are noticed by looks at every VM. */
  private startLogs(): number {
    this.logs.follow(this.names());
    this.logs.start();
    if (this.logs.isRunning) return seldomMs;
    this.handlers.changed(this.names());
    return restartMs;
  }

  /** At first, and after findmnt has ended: where it does not stay running, mounts are noticed by looks at every VM. */
  private startMounts(): number {
    if (this.mounts.isRunning) return seldomMs;
    this.mounts.start();
    this.handlers.changed(this.names());
    // findmnt takes a moment to read the mounts.
    this.handlers.mountsUncertain();
    return restartMs;
  }

  private async pollOften(): Promise<number> {
    const events = this.directories.takeEvents() + this.domains.takeEvents() + this.logs.takeEvents();
    if (events >= this.mostEvents) {
      this.handlers.changed(this.names());
      this.logs.readAll();
    }
    await this.directories.poll('polled-often');
    return oftenMs;
  }

  private async pollSeldom(): Promise<number> {
    if (this.polling) return seldomMs;
    this.polling = this.directories.poll('polled').finally(() => {
      this.polling = undefined;
      this.pollHangs = false;
    });
    await Promise.race([this.polling, pause(pollDeadlineMs, undefined, { ref: false })]);
    this.pollHangs = this.hangs;
    return seldomMs;
  }
}
