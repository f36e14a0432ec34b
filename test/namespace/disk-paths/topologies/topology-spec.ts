export interface Access {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Entries as setfacl(1) accepts them. */
  readonly acl?: string;
}

/** The option of mount(8) for a mount; `plain` means none. */
export type MountOption = 'plain' | 'nodev' | 'nosymfollow' | 'ro';

/** Another entry of the tree, or a file that host and namespace share, mounted over an entry of the same kind. */
export interface Bind {
  readonly from: string;
  readonly option: MountOption;
}

interface Common {
  readonly access?: Access;
  /** The last one is on top of the others. They are mounted after everything else is created. */
  readonly binds?: readonly Bind[];
}

/**
 * One entry of a file tree. `right` is the device that QEMU holds open, `wrong` another one, `twin` a character
 * device with the numbers of the right one. `mounts` are file systems stacked on a directory: everything below it is
 * created in the uppermost. A path or a target may contain bytes that are not UTF-8 (see file-contents.ts).
 */
export type Made = Common &
  (
    | { readonly kind: 'directory'; readonly mounts?: readonly Exclude<MountOption, 'ro'>[] }
    | { readonly kind: 'link'; readonly target: string }
    | { readonly kind: 'right' | 'wrong' | 'twin' | 'character' | 'socket' | 'fifo' | 'file' }
  );

export type MadeTree = ReadonlyMap<string, Made>;

/** The descriptors by which QEMU holds a file: one for writing, one for reading, or both. */
export const holdings = ['rw', 'ro', 'ro+rw'] as const;
export type Holding = (typeof holdings)[number];

export interface Topology {
  /** The path of the disk. */
  readonly path: string;
  readonly role: 'disk' | 'backing';
  readonly holding: Holding;
  /** The index of the QEMU that has the disk, modulo their number: each runs as another user. */
  readonly user: number;
  readonly host: MadeTree;
  readonly qemu: MadeTree;
}

/** A regular file that host and namespace share, and that QEMU holds open. */
export const sharedFile = '/mnt/shared/disk.img';
