import type { Settings } from '../config/settings';
import { listDomains, readDomain } from '../hypervisor/status-files';
import { DirectoryWatcher, readLimit } from './io/directory-watcher';
import { DomainWatcher } from './io/domain-watcher';
import { MountWatcher } from './io/mount-watcher';
import { look, type Looked } from './look';
import { Due } from './model/due';
import { PathUsers } from './model/path-users';
import { Schedule } from './model/schedule';
import type { WatchedDirectories } from './model/state';

/** What is done with what the watcher sees. */
export interface WatchOutput {
  readonly looked: (looked: Looked) => void;
  readonly failed: (error: unknown) => void;
  /** The domain does not run here any more. */
  readonly gone: (domain: string) => void;
  /** Called after each look, and every some seconds. */
  readonly seen: (noticing: Noticing) => void;
}

/** By which means changes are noticed. */
export interface Noticing {
  readonly directories: WatchedDirectories;
  readonly mounts: boolean;
  readonly domains: boolean;
}

/** Something that is done regularly; it returns the milliseconds until the next time. */
interface Task {
  at: number;
  readonly run: () => number | Promise<number>;
}

/** Milliseconds between two looks at directories without events: at those in memory, and at all others. */
const oftenMs = 1000;
const seldomMs = 5000;
/** What does not stay running is not started more often than this. */
const restartMs = 30_000;
/** A VM that another migrate-guard works on, or that could not be read, is looked at again after this time. */
const againMs = 5000;
/** How often the state is written at least, so that its readers know that it is true. */
const seenMs = 20_000;
/** So many domains are looked at together in a regular round. */
const domainsPerSlice = 100;

/**
 * Keeps the disk paths of this host's running domains whole: looks at a domain when something on the path of one of its
 * disks changes, when libvirt says that the domain changed, and once in every `watch.interval`. It keeps nothing that
 * cannot be read again.
 */
export class Watcher {
  private readonly users = new PathUsers();
  private readonly due = new Due();
  private readonly again = new Schedule();
  private readonly directories: DirectoryWatcher;
  private readonly domains: DomainWatcher;
  private readonly mounts: MountWatcher;
  /** With more events in one second the kernel may have dropped others, and Node does not tell of it (inotify(7), IN_Q_OVERFLOW). */
  private readonly mostEvents = readLimit('max_queued_events') / 2;
  /** Domains of the regular round that are still to be looked at. */
  private round: string[] = [];
  /** Domains that were undecided at the last look. */
  private readonly doubtful = new Set<string>();
  private sliceMs = 0;
  private wake: () => void = () => undefined;

  constructor(
    private readonly settings: Settings,
    private readonly output: WatchOutput,
  ) {
    this.directories = new DirectoryWatcher(this.users, (element) => this.note(this.users.usersOf(element)));
    this.domains = new DomainWatcher(settings.libvirt.stateDirectory, (name) => this.note([name]));
    this.mounts = new MountWatcher((mountPoint) => this.directories.replaced(mountPoint));
  }

  /** Runs until `signal`; a repair that has begun is carried out. @throws GuardError when domains cannot be listed */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.wake());
    const tasks: readonly Task[] = [
      { at: 0, run: () => this.startNoticing() },
      { at: 0, run: () => this.nextSlice() },
      { at: 0, run: () => this.pollOften() },
      { at: 0, run: () => this.pollSeldom() },
      { at: 0, run: () => this.tell() },
    ];
    try {
      while (!signal.aborted) {
        for (const task of tasks) if (task.at <= now()) task.at = now() + (await this.attempt(task.run));
        const names = [...new Set([...this.due.take(now()), ...this.again.take(now())])];
        if (names.length > 0) await this.attempt(() => this.look(names), names);
        const times = [...tasks.map(({ at }) => at), this.due.at() ?? Infinity, this.again.at() ?? Infinity];
        await this.sleepUntil(Math.min(...times));
      }
    } finally {
      this.directories.close();
      this.domains.end();
      this.mounts.end();
    }
  }

  /** An error of one look does not end the watcher: what it was about is tried again. */
  private async attempt<T>(
    work: () => T | Promise<T>,
    names: readonly string[] = [],
  ): Promise<T | typeof againMs> {
    try {
      return await work();
    } catch (error) {
      this.output.failed(error);
      for (const name of names) this.again.add(name, now() + againMs);
      return againMs;
    }
  }

  /** These domains are to be looked at. */
  private note(names: readonly string[]): void {
    this.due.add(names, now());
    this.wake();
  }

  /** Starts what is not running, at first and after it has ended; what was missed meanwhile is not known. */
  private startNoticing(): number {
    const isWhole = this.domains.isRunning && this.mounts.isRunning;
    this.domains.start();
    this.mounts.start();
    if (isWhole) return seldomMs;
    this.note(this.names());
    return restartMs;
  }

  /** Looks at the directories that are polled in memory. */
  private async pollOften(): Promise<number> {
    if (this.directories.takeEvents() >= this.mostEvents) this.note(this.names());
    await this.directories.poll('polled-often');
    return oftenMs;
  }

  private async pollSeldom(): Promise<number> {
    await this.directories.poll('polled');
    return seldomMs;
  }

  /** Notes the next domains of the regular round, which is spread over `watch.interval`. */
  private nextSlice(): number {
    if (this.round.length === 0) {
      this.round = [...this.names()];
      const slices = Math.max(Math.ceil(this.round.length / domainsPerSlice), 1);
      this.sliceMs = (this.settings.watch.interval * 1000) / slices;
    }
    this.note(this.round.splice(0, domainsPerSlice));
    return this.sliceMs;
  }

  private async look(names: readonly string[]): Promise<void> {
    const { stateDirectory } = this.settings.libvirt;
    const found = names.flatMap((name) => {
      const domain = readDomain(stateDirectory, name);
      if (domain) return [domain];
      this.users.remove(name);
      this.doubtful.delete(name);
      this.output.gone(name);
      return [];
    });
    for await (const looked of look(found, this.settings)) {
      const { domain } = looked.report;
      if (looked.paths.length > 0) this.users.set(domain, looked.paths);
      if (this.isSure(looked)) this.output.looked(looked);
      else this.again.add(domain, now() + againMs);
    }
    // A directory that was not watched until now may have changed after its domains were looked at.
    const fresh = this.directories.set(this.users.directories());
    this.note([...new Set(fresh.flatMap((directory) => this.users.usersIn(directory)))]);
    this.tell();
  }

  /** Not of a VM that another migrate-guard repairs, nor of one that could be read before: it may just start or end. */
  private isSure({ report: { domain, verdict }, repair }: Looked): boolean {
    if (repair?.result === 'busy') return false;
    if (verdict !== 'undecided') {
      this.doubtful.delete(domain);
      return true;
    }
    if (this.doubtful.has(domain)) return true;
    this.doubtful.add(domain);
    return false;
  }

  private tell(): number {
    this.output.seen({
      directories: this.directories.counts(),
      mounts: this.mounts.isRunning,
      domains: this.domains.isRunning,
    });
    return seenMs;
  }

  /** None as long as libvirt has not been started. */
  private names(): readonly string[] {
    return listDomains(this.settings.libvirt.stateDirectory) ?? [];
  }

  private async sleepUntil(time: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.max(time - now(), 0));
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wake = () => undefined;
  }
}

const now = (): number => performance.now();
