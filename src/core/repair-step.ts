import type { Permissions } from './owner-and-mode';

/** One effect of a repair inside a QEMU's mount namespace. `mode`, `uid` and `gid` are those of the new entry. */
export type Step =
  | ({ readonly step: 'make-directory'; readonly path: string } & Permissions)
  | ({ readonly step: 'make-symlink'; readonly path: string; readonly target: string } & Permissions)
  /** `was` is the target of the link that is replaced. */
  | ({
      readonly step: 'replace-symlink';
      readonly path: string;
      readonly target: string;
      readonly was: string;
    } & Permissions)
  /** `like` is a node for the same device that is already inside: the new one becomes another name of it. */
  | ({
      readonly step: 'make-node';
      readonly path: string;
      readonly device: string;
      readonly like?: string;
    } & Permissions)
  /** `was` is the device of the node that is replaced. */
  | ({
      readonly step: 'replace-node';
      readonly path: string;
      readonly device: string;
      readonly was: string;
      readonly like?: string;
    } & Permissions);

/** A node for a device that libvirt has already put into a QEMU's `/dev`, with the right owner and label. */
export type Sibling = { readonly path: string } & Permissions;
