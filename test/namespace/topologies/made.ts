export interface Access {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** One entry, as setfacl(1) takes it. */
  readonly acl?: string;
}

/** One thing in a file tree. `right` is the device that QEMU holds open, `wrong` another one. */
export type Made =
  | {
      readonly kind: 'directory';
      readonly mount?: 'plain' | 'nodev' | 'nosymfollow';
      readonly access?: Access;
    }
  | { readonly kind: 'link'; readonly target: string; readonly access?: Access }
  | { readonly kind: 'right' | 'wrong' | 'character' | 'socket' | 'fifo' | 'file'; readonly access?: Access };

export type MadeTree = ReadonlyMap<string, Made>;

export interface Topology {
  /** The path of the disk. */
  readonly path: string;
  readonly host: MadeTree;
  readonly qemu: MadeTree;
}

/** A regular file that host and namespace share, and QEMU holds open. */
export const sharedFile = '/mnt/shared/disk.img';
