export interface Access {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Entries, as setfacl(1) takes them. */
  readonly acl?: string;
}

/** What is mounted over something: an option of mount(8), or none of them. */
export type MountOption = 'plain' | 'nodev' | 'nosymfollow' | 'ro';

/** What else stands in the tree, or a file that host and namespace share, mounted over an entry of the same kind. */
export interface Bind {
  readonly from: string;
  readonly option: MountOption;
}

interface Common {
  readonly access?: Access;
  /** The last one lies on top of the others. They come when all else is made. */
  readonly binds?: readonly Bind[];
}

/**
 * One thing in a file tree. `right` is the device that QEMU holds open, `wrong` another one, `twin` a character
 * device that has the numbers of the right one. `mounts` are file systems stacked on a directory: all that is below
 * it is made in the uppermost. A path or a target may hold bytes that are no UTF-8 (see bytes.ts).
 */
export type Made = Common &
  (
    | { readonly kind: 'directory'; readonly mounts?: readonly Exclude<MountOption, 'ro'>[] }
    | { readonly kind: 'link'; readonly target: string }
    | { readonly kind: 'right' | 'wrong' | 'twin' | 'character' | 'socket' | 'fifo' | 'file' }
  );

export type MadeTree = ReadonlyMap<string, Made>;

/** By which descriptors QEMU holds what it holds: one for writing, one for reading, or both. */
export const holdings = ['rw', 'ro', 'ro+rw'] as const;
export type Holding = (typeof holdings)[number];

export interface Topology {
  /** The path of the disk. */
  readonly path: string;
  readonly role: 'disk' | 'backing';
  readonly holding: Holding;
  /** Which of the QEMUs has the disk, counted around: each runs as another user. */
  readonly user: number;
  readonly host: MadeTree;
  readonly qemu: MadeTree;
}

/** A regular file that host and namespace share, and QEMU holds open. */
export const sharedFile = '/mnt/shared/disk.img';
