import { type FSWatcher, readFileSync, watch } from 'node:fs';
import { basename } from 'node:path';
import { errorName } from '../../core/error-name';
import { mountAt, parseMounts } from '../../file-tree/model/mounts';
import { log } from '../../os/log';
import { meansFor, type Means } from '../model/means';
import type { PathUsers } from '../model/path-users';
import type { WatchedDirectories } from '../model/state';
import { PolledDirectories, type PollMeans } from './polled-directories';

/** A new owner or mode is rare; so many events of this kind in this time are writes to files. */
const mostQuietWrites = 10;
const writesMs = 60_000;
/** The share of the watches that the kernel allows to one user (`max_user_watches`) that is left to all other programs: three of four. */
const ourShare = 4;

/** Notices when an element of a path is made, removed or replaced. */
export class DirectoryWatcher {
  private readonly watchers = new Map<string, FSWatcher>();
  private readonly polled = new PolledDirectories((element) => this.replaced(element));
  private readonly writes = new Map<string, { readonly since: number; count: number }>();
  private readonly noisy = new Set<string>();
  private unwatched: readonly string[] = [];
  /** Events since the last call of {@link takeEvents}. */
  private events = 0;

  constructor(
    private readonly users: PathUsers,
    /** Called with an element that is, or may be, another one. */
    private readonly changed: (element: string) => void,
    private readonly most = Math.floor(readLimit('max_user_watches') / ourShare),
  ) {}

  /** Watches these directories and no others. @returns those that were not watched before: a change may have been missed */
  set(directories: readonly string[]): readonly string[] {
    const wanted = new Set(directories);
    for (const directory of this.writes.keys()) if (!wanted.has(directory)) this.writes.delete(directory);
    for (const directory of this.noisy) if (!wanted.has(directory)) this.noisy.delete(directory);
    for (const directory of [...this.watchers.keys(), ...this.polled.names()])
      if (!wanted.has(directory)) this.leave(directory);
    const mounts = parseMounts(readFileSync('/proc/self/mountinfo', 'utf8'));
    const unwatched: string[] = [];
    const fresh = directories.filter((directory) => {
      if (this.watchers.has(directory) || this.polled.has(directory)) return false;
      const isNoisy = this.noisy.has(directory);
      const means = meansFor({
        mount: mountAt(mounts, directory),
        isNoisy,
        isFull: this.watchers.size >= this.most,
      });
      const isWatched = means !== 'rounds' && this.watch(directory, means);
      if (!isWatched) unwatched.push(directory);
      return isWatched;
    });
    this.unwatched = unwatched;
    return fresh;
  }

  counts(): WatchedDirectories {
    const { size } = this.watchers;
    const others = { polled: this.polled.names().length, rounds: this.unwatched.length };
    return { events: size, ...others, full: size >= this.most };
  }

  /** How many events there were since the last call. */
  takeEvents(): number {
    const { events } = this;
    this.events = 0;
    return events;
  }

  /** Looks at the directories that are polled by these means. */
  poll(means: PollMeans): Promise<void> {
    return this.polled.poll(means, (directory) => this.users.elementsIn(directory));
  }

  /** An element of a path was replaced: a directory that has its name now is another one, and not watched yet. */
  replaced(element: string): void {
    if (this.users.usersOf(element).length === 0) return;
    const below = element === '/' ? '/' : `${element}/`;
    for (const directory of [...this.watchers.keys(), ...this.polled.names()])
      if (directory === element || directory.startsWith(below)) this.leave(directory);
    this.changed(element);
  }

  close(): void {
    for (const directory of [...this.watchers.keys(), ...this.polled.names()]) this.leave(directory);
  }

  private watch(directory: string, means: Exclude<Means, 'rounds'>): boolean {
    if (means !== 'events') {
      this.polled.add(directory, means);
      return true;
    }
    try {
      const watcher = watch(directory, (event, name) => this.notice(directory, event, name));
      watcher.on('error', () => {
        this.leave(directory);
        this.changed(directory);
      });
      this.watchers.set(directory, watcher);
      return true;
    } catch (error) {
      const name = errorName(error);
      log('a directory cannot be watched', { directory, why: name });
      // ENOSPC: other programs of this user have taken the kernel's watches; EMFILE: its inotify instances.
      if (name !== 'ENOSPC' && name !== 'EMFILE') return false;
      this.polled.add(directory, 'polled');
      return true;
    }
  }

  private notice(directory: string, event: 'rename' | 'change', name: string | null): void {
    this.events += 1;
    // A write to a file, or a new owner or mode.
    if (event === 'change') this.countWrite(directory);
    if (name === null) return this.changed(directory);
    this.replaced(`${directory === '/' ? '' : directory}/${name}`);
    // The kernel gives the directory's own removal, after which the watch is dead, the directory's own name.
    if (event === 'rename' && name === basename(directory)) this.replaced(directory);
  }

  private countWrite(directory: string): void {
    const now = performance.now();
    const known = this.writes.get(directory);
    const writes = known && now - known.since < writesMs ? known : { since: now, count: 0 };
    writes.count += 1;
    this.writes.set(directory, writes);
    if (writes.count <= mostQuietWrites) return;
    this.noisy.add(directory);
    this.leave(directory);
    // Its users are looked at, and with them it is polled from then on.
    this.changed(directory);
  }

  private leave(directory: string): void {
    this.watchers.get(directory)?.close();
    this.watchers.delete(directory);
    this.polled.leave(directory);
  }
}

/** A limit of inotify(7). */
export function readLimit(limit: 'max_user_watches' | 'max_queued_events'): number {
  return Number(readFileSync(`/proc/sys/fs/inotify/${limit}`, 'latin1'));
}
