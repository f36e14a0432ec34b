/** Who may do what with a file: `st_mode` & 07777, and its owner. */
export interface Permissions {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

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
