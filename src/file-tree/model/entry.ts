import type { Permissions } from '../../core/owner-and-mode';
import type { Unknown } from '../../core/unknown';

/** A block or character device; `device` is `st_rdev` as `major:minor`. */
export interface DeviceEntry extends Permissions {
  readonly kind: 'block' | 'character';
  readonly device: string;
  /** Of an open descriptor: the kernel does not have this device any more. */
  readonly gone?: true;
}

/** A regular file; `device` is `st_dev` as `major:minor` of the file system, `inode` its number there. */
export interface FileEntry extends Permissions {
  readonly kind: 'file';
  readonly device: string;
  readonly inode: string;
  /** Of an open descriptor: the file has no name any more; the name it had, and the number of the descriptor. */
  readonly deleted?: { readonly path: string; readonly descriptor: number };
}

/** What can be a disk. */
export type Disk = DeviceEntry | FileEntry;

export interface LinkEntry extends Permissions {
  readonly kind: 'link';
  readonly target: string;
  /** File system and inode: one link may have several paths if a directory is mounted twice. */
  readonly inode?: string;
}

/** What one path is, itself, without following a symlink. */
export type Entry =
  | DeviceEntry
  | FileEntry
  | LinkEntry
  | ({ readonly kind: 'directory' | 'other' } & Permissions)
  | { readonly kind: 'missing' }
  /** Could not be read; `error` is the name of the system's error. Never treated as missing. */
  | { readonly kind: 'unreadable'; readonly error: string };

/**
 * The host's file tree, or that of a QEMU's mount namespace. To be called only for absolute paths whose directory part
 * has no symlink, `.` or `..`.
 */
export type View = (path: string) => Entry;

/** A device or file in messages and JSON: `252:3`, or `259:1 inode 77`. */
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
 * Whether two targets of the link at `path` are the same: libvirt stores a relative one as `DIR/../target`. Only the
 * texts are compared; a finished plan is resolved in any case.
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

export function canBeDisk(entry: Entry): entry is Disk {
  return entry.kind === 'block' || entry.kind === 'file';
}

export function sameIdentity(one: Entry, other: Entry): boolean {
  return canBeDisk(one) && canBeDisk(other) && one.kind === other.kind && identity(one) === identity(other);
}
