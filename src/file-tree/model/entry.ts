import type { Permissions } from '../../core/owner-and-mode';
import type { Unknown } from '../../core/unknown';

/** A block or character device; `device` is `st_rdev` as `major:minor`. */
export interface DeviceEntry extends Permissions {
  readonly kind: 'block' | 'character';
  readonly device: string;
  /** Of what a process holds open: the kernel has no such device any more. */
  readonly gone?: true;
}

/** A regular file; `device` is `st_dev` as `major:minor` of the file system, `inode` its number there. */
export interface FileEntry extends Permissions {
  readonly kind: 'file';
  readonly device: string;
  readonly inode: string;
  /** Of what a process holds open: it has no name any more, and had this one; and by which descriptor it is held. */
  readonly deleted?: { readonly path: string; readonly descriptor: number };
}

/** What a disk can be. */
export type Disk = DeviceEntry | FileEntry;

export interface LinkEntry extends Permissions {
  readonly kind: 'link';
  readonly target: string;
  /** File system and inode: one link may have several paths, where a directory is mounted twice. */
  readonly inode?: string;
}

/** What one path is, itself, without following a symlink. */
export type Entry =
  | DeviceEntry
  | FileEntry
  | LinkEntry
  | ({ readonly kind: 'directory' | 'other' } & Permissions)
  | { readonly kind: 'missing' }
  /** Could not be looked at; `error` is the system's name of the reason. Never treated as missing. */
  | { readonly kind: 'unreadable'; readonly error: string };

/**
 * A file tree as seen from somewhere: the host's, or the one in a QEMU's mount namespace.
 * Asked only for absolute paths whose directory part holds no symlink, `.` or `..`.
 */
export type View = (path: string) => Entry;

/** The text by which messages and JSON name a device or a file: `252:3`, or `259:1 inode 77`. */
export function identity(entry: Disk): string {
  return entry.kind === 'file' ? `${entry.device} inode ${entry.inode}` : entry.device;
}

/** `major:minor` of Linux' user space `dev_t` (glibc's gnu_dev_major and gnu_dev_minor, 32-bit part). */
export function deviceNumbers(dev: number): string {
  const major = (dev >>> 8) & 0xfff;
  const minor = (dev & 0xff) | ((dev >>> 12) & 0xfff00);
  return `${major}:${minor}`;
}

/** A device or regular file that QEMU holds open. */
export type OpenFile = Disk & {
  /** Whether a descriptor of it is open for writing. Read only where a finding depends on it. */
  readonly writable?: boolean | Unknown;
};

/**
 * Whether two targets of the link at `path` are the same: libvirt stores a relative one as `DIR/../target`.
 * Told from the text alone; the finished plan is walked anyway.
 */
export function sameTarget(path: string, one: string, other: string): boolean {
  const directory = path.slice(0, path.lastIndexOf('/'));
  return absoluteTarget(directory, one) === absoluteTarget(directory, other);
}

function absoluteTarget(directory: string, target: string): string {
  const names: string[] = [];
  for (const name of (target.startsWith('/') ? target : `${directory}/${target}`).split('/')) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
  return `/${names.join('/')}`;
}

export function isBelowDev(path: string): boolean {
  return path.startsWith('/dev/');
}

/** Words for what stands at a path. */
export function describeKind(entry: Entry): string {
  switch (entry.kind) {
    case 'block':
      return `block device ${entry.device}`;
    case 'character':
      return `character device ${entry.device}`;
    case 'file':
      return 'a regular file';
    case 'directory':
      return 'a directory';
    case 'link':
      return 'a link';
    case 'missing':
      return 'missing';
    case 'unreadable':
      return `unreadable (${entry.error})`;
    case 'other':
      return 'neither a device nor a regular file';
  }
}

export function canBeDisk(entry: Entry): entry is Disk {
  return entry.kind === 'block' || entry.kind === 'file';
}

export function sameIdentity(one: Entry, other: Entry): boolean {
  return canBeDisk(one) && canBeDisk(other) && one.kind === other.kind && identity(one) === identity(other);
}
