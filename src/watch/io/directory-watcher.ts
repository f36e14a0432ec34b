import {
  type BigIntStats,
  type FSWatcher,
  lstatSync,
  readFileSync,
  readlinkSync,
  statSync,
  watch,
} from 'node:fs';
import { lstat, readlink, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { errorName } from '../../core/error-name';
import { mountAt, parseMounts } from '../../file-tree/model/mounts';
import { log } from '../../os/log';
import { meansFor, type Means } from '../model/means';
import type { PathUsers } from '../model/path-users';
import type { WatchedDirectories } from '../model/state';

/** A device node's or a link's change of this kind is rare; so many of them in one directory are writes to its files. */
const mostQuietWrites = 10;
/** The share of the watches that the kernel allows to one user (`max_user_watches`) that is left to all other programs: three of four. */
const ourShare = 4;

/** Of one directory, its state at the last look; `undefined` before the first. */
interface Polled {
  readonly means: 'polled-often' | 'polled';
  version?: string;
  /** The time of modification counts ticks of the kernel: a change directly after a look may not change it again. */
  isFresh?: boolean;
  readonly elements: Map<string, string>;
}

/** Notices when an element of a path is made, removed or replaced. */
export class DirectoryWatcher {
  private readonly watchers = new Map<string, FSWatcher>();
  private readonly polled = new Map<string, Polled>();
  private readonly writes = new Map<string, number>();
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
    for (const directory of [...this.watchers.keys(), ...this.polled.keys()])
      if (!wanted.has(directory)) this.leave(directory);
    const mounts = parseMounts(readFileSync('/proc/self/mountinfo', 'utf8'));
    const unwatched: string[] = [];
    const fresh = directories.filter((directory) => {
      if (this.watchers.has(directory) || this.polled.has(directory)) return false;
      const isNoisy = (this.writes.get(directory) ?? 0) > mostQuietWrites;
      const means = meansFor({
        mount: mountAt(mounts, directory),
        isNoisy,
        isFull: this.watchers.size >= this.most,
      });
      if (means === 'rounds') unwatched.push(directory);
      return means !== 'rounds' && this.watch(directory, means);
    });
    this.unwatched = unwatched;
    return fresh;
  }

  counts(): WatchedDirectories {
    return { events: this.watchers.size, polled: this.polled.size, rounds: this.unwatched.length };
  }

  /** How many events there were since the last call. */
  takeEvents(): number {
    const { events } = this;
    this.events = 0;
    return events;
  }

  /** Looks at the directories that are polled. */
  async poll(means: Polled['means']): Promise<void> {
    for (const [directory, polled] of this.polled) {
      if (polled.means !== means) continue;
      const inMemory = means === 'polled-often';
      try {
        const version = versionOf(inMemory ? statSync(directory, exact) : await stat(directory, exact));
        if (version === polled.version && polled.isFresh !== true) continue;
        polled.isFresh = version !== polled.version;
        polled.version = version;
        for (const element of this.users.elementsIn(directory)) {
          const now = inMemory ? seenNow(element) : await seen(element);
          if (polled.elements.get(element) === now) continue;
          polled.elements.set(element, now);
          this.replaced(element);
        }
      } catch (error) {
        log('a directory is not there any more', { directory, why: errorName(error) });
        this.leave(directory);
        this.changed(directory);
      }
    }
  }

  /** An element of a path was replaced: a directory that has its name now is another one, and not watched yet. */
  replaced(element: string): void {
    if (this.users.usersOf(element).length === 0) return;
    for (const directory of [...this.watchers.keys(), ...this.polled.keys()])
      if (directory === element || directory.startsWith(`${element}/`)) this.leave(directory);
    this.changed(element);
  }

  close(): void {
    for (const directory of [...this.watchers.keys()]) this.leave(directory);
    this.polled.clear();
  }

  private watch(directory: string, means: Exclude<Means, 'rounds'>): boolean {
    if (means !== 'events') {
      this.polled.set(directory, { means, elements: new Map() });
      return true;
    }
    try {
      const watcher = watch(directory, (event, name) => this.notice(directory, event, name));
      watcher.on('error', () => this.leave(directory));
      this.watchers.set(directory, watcher);
      return true;
    } catch (error) {
      const name = errorName(error);
      log('a directory cannot be watched', { directory, why: name });
      // ENOSPC: other programs of this user have taken the kernel's watches; EMFILE: its inotify instances.
      if (name !== 'ENOSPC' && name !== 'EMFILE') return false;
      this.polled.set(directory, { means: 'polled', elements: new Map() });
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
    const writes = (this.writes.get(directory) ?? 0) + 1;
    this.writes.set(directory, writes);
    if (writes <= mostQuietWrites) return;
    this.leave(directory);
    // Whoever calls `set` next has it polled, and looks at what may have been missed.
    this.changed(directory);
  }

  private leave(directory: string): void {
    this.watchers.get(directory)?.close();
    this.watchers.delete(directory);
    this.polled.delete(directory);
  }
}

const exact = { bigint: true } as const;

/** What changes when a directory gets or loses an entry. */
function versionOf({ dev, ino, mtimeNs }: BigIntStats): string {
  return `${dev} ${ino} ${mtimeNs}`;
}

/** What makes an element another one; the size and the times of a disk's file do not. */
function describe({ dev, ino, mode, uid, gid, rdev }: BigIntStats, target: string): string {
  return `${dev} ${ino} ${mode} ${uid} ${gid} ${rdev} ${target}`;
}

function seenNow(element: string): string {
  try {
    const found = lstatSync(element, exact);
    return describe(found, found.isSymbolicLink() ? readlinkSync(element) : '');
  } catch (error) {
    return errorName(error);
  }
}

async function seen(element: string): Promise<string> {
  try {
    const found = await lstat(element, exact);
    return describe(found, found.isSymbolicLink() ? await readlink(element) : '');
  } catch (error) {
    return errorName(error);
  }
}

/** A limit of inotify(7). */
export function readLimit(limit: 'max_user_watches' | 'max_queued_events'): number {
  return Number(readFileSync(`/proc/sys/fs/inotify/${limit}`, 'latin1'));
}
