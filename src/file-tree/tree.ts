import {
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  type Stats,
} from 'node:fs';
import { deviceNumbers, type Entry } from './model/entry';
import { errorName } from '../core/error-name';
import type { Permissions } from '../core/owner-and-mode';
import { openPath, withFile } from '../os/open-file';

const asDirectory = openPath | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** Called before each look at a file; returns a reason not to look at it, if there is one. */
type BeforeLook = (path: string) => string | undefined;

/**
 * A file tree below one directory descriptor. Every directory is entered by its own descriptor, one name at a
 * time and never through a symlink, so that a link planted meanwhile cannot lead out of the tree
 * (`/proc/self/fd/N/name` is openat(2)). Every entry is read once and cached: a tree is a snapshot.
 */
export class FileTree {
  private readonly directories = new Map<string, number | Entry>();
  private readonly entries = new Map<string, Entry>();

  private constructor(
    private readonly root: number,
    private readonly before: BeforeLook,
  ) {}

  /** @throws the system's error when the root cannot be opened. */
  static open(root: string, before: BeforeLook = () => undefined): FileTree {
    return new FileTree(openSync(root, openPath | constants.O_DIRECTORY), before);
  }

  /** The entry at an absolute path whose directory part has no symlink, `.` or `..`. */
  readonly look = (path: string): Entry => {
    if (path === '/') return toEntry(lstatSync(`/proc/self/fd/${this.root}/.`), path);
    const known = this.entries.get(path);
    if (known) return known;
    const entry = this.read(path);
    this.entries.set(path, entry);
    return entry;
  };

  /**
   * A path of this process (`/proc/self/fd/N/name`) that reaches the last element of `path` through its directory's
   * descriptor; a link there must not be followed. `undefined` when the directory is missing.
   */
  fdPath(path: string): string | undefined {
    const cut = path.lastIndexOf('/');
    const directory = this.directory(path.slice(0, cut));
    return typeof directory === 'number' ? `/proc/self/fd/${directory}/${path.slice(cut + 1)}` : undefined;
  }

  /** Drops what was cached at a path and below it, because it was just changed. */
  forget(path: string): void {
    const isBelow = (known: string): boolean => known === path || known.startsWith(`${path}/`);
    for (const known of [...this.entries.keys()].filter(isBelow)) this.entries.delete(known);
    for (const [known, directory] of [...this.directories].filter(([known]) => isBelow(known))) {
      if (typeof directory === 'number') closeSync(directory);
      this.directories.delete(known);
    }
  }

  /** The mount on which a directory lies; `undefined` when it is missing. */
  mountIdOf(path: string): number | undefined {
    const directory = this.directory(path);
    return typeof directory === 'number' ? mountIdOf(`/proc/self/fd/${directory}/.`) : undefined;
  }

  /** The names in a directory; none when it is missing. */
  list(path: string): string[] {
    const directory = this.directory(path);
    return typeof directory === 'number' ? readdirSync(`/proc/self/fd/${directory}`) : [];
  }

  close(): void {
    for (const directory of this.directories.values()) {
      if (typeof directory === 'number') closeSync(directory);
    }
    this.directories.clear();
    closeSync(this.root);
  }

  private read(path: string): Entry {
    const cut = path.lastIndexOf('/');
    const directory = this.directory(path.slice(0, cut));
    if (typeof directory !== 'number') return directory;
    const reason = this.before(path);
    if (reason !== undefined) return { kind: 'unreadable', error: reason };
    const fdPath = `/proc/self/fd/${directory}/${path.slice(cut + 1)}`;
    try {
      const stat = lstatSync(fdPath, { throwIfNoEntry: false });
      return stat ? toEntry(stat, fdPath) : { kind: 'missing' };
    } catch (error) {
      return { kind: 'unreadable', error: errorName(error) };
    }
  }

  /** The descriptor of a directory, or the entry that explains why there is none. */
  private directory(path: string): number | Entry {
    if (path === '') return this.root;
    const known = this.directories.get(path);
    if (known !== undefined) return known;
    const opened = this.enter(path);
    this.directories.set(path, opened);
    return opened;
  }

  private enter(path: string): number | Entry {
    const cut = path.lastIndexOf('/');
    const parent = this.directory(path.slice(0, cut));
    if (typeof parent !== 'number') return parent;
    const reason = this.before(path);
    if (reason !== undefined) return { kind: 'unreadable', error: reason };
    try {
      return openSync(`/proc/self/fd/${parent}/${path.slice(cut + 1)}`, asDirectory);
    } catch (error) {
      const name = errorName(error);
      return name === 'ENOENT'
        ? { kind: 'missing' }
        : {
            kind: 'unreadable',
            error: name === 'ENOTDIR' || name === 'ELOOP' ? `${path} is not a directory` : name,
          };
    }
  }
}

/** Makes an entry from lstat(2); `path` is only used to read a link, or an inode beyond 2^53. */
export function toEntry(stat: Stats, path: string): Entry {
  const permissions: Permissions = { mode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid };
  switch (stat.mode & constants.S_IFMT) {
    case constants.S_IFLNK:
      return readLink(path, permissions, stat);
    case constants.S_IFDIR:
      return { kind: 'directory', ...permissions };
    case constants.S_IFBLK:
      return { kind: 'block', device: deviceNumbers(stat.rdev), ...permissions };
    case constants.S_IFCHR:
      return { kind: 'character', device: deviceNumbers(stat.rdev), ...permissions };
    case constants.S_IFREG:
      return { kind: 'file', device: deviceNumbers(stat.dev), inode: inodeOf(stat, path), ...permissions };
    default:
      return { kind: 'other', ...permissions };
  }
}

function readLink(path: string, permissions: Permissions, { dev, ino }: Stats): Entry {
  const target = readlinkSync(path);
  // Node passes paths to the kernel as UTF-8, so a target that is not UTF-8 cannot be followed.
  if (target.includes('\ufffd') && !readlinkSync(path, 'buffer').equals(Buffer.from(target)))
    return { kind: 'unreadable', error: 'a link whose target is not UTF-8' };
  const number = Number.isSafeInteger(ino) ? ino : lstatSync(path, { bigint: true }).ino;
  return { kind: 'link', target, inode: `${deviceNumbers(dev)} ${number}`, ...permissions };
}

/** Ceph and NFS number inodes with all 64 bits, which a JavaScript number cannot tell apart. */
function inodeOf(stat: Stats, path: string): string {
  if (Number.isSafeInteger(stat.ino)) return String(stat.ino);
  return String(statSync(path, { bigint: true }).ino);
}

/** Id of the mount on which something lies, without opening it (`mnt_id:` of proc(5), fdinfo). */
function mountIdOf(fdPath: string): number | undefined {
  const info = withFile(fdPath, openPath | constants.O_NOFOLLOW, (descriptor) =>
    readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1'),
  );
  const id = /^mnt_id:\s*(\d+)/m.exec(info)?.[1];
  return id === undefined ? undefined : Number(id);
}
