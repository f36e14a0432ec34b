import type { BlockNode } from '../../hypervisor/model/block-nodes';
import type { PathOnHost } from '../../destination/model/path-on-host';
import type { DiskSource, Domain } from '../../hypervisor/model/domain-xml';
import type { Entry, OpenFile } from '../../file-tree/model/entry';
import type { GuestDisk } from '../../hypervisor/model/guest-disks';
import type { GuestOrigin } from '../../hypervisor/model/guest-origin';
import type { HoppingLink } from './hopping-link';
import type { Mount } from '../../file-tree/model/mounts';
import type { Opened } from '../../file-tree/model/path-question';
import type { Credentials } from '../../os/model/process-status';
import type { Sibling } from '../../core/repair-step';
import type { Unknown } from '../../core/unknown';
import type { ResolvedPath } from '../../file-tree/model/walk';
import type { Message } from '../../messages';
import type { OpenedByQemu } from './opened-by-qemu';

/** Whether QEMU's user may use the file at the end of a path in QEMU's namespace. */
export type AccessFact =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'refused'; readonly path: string; readonly why: Message }
  | Unknown;

export interface SourceFacts {
  readonly source: DiskSource;
  readonly host: ResolvedPath;
  readonly namespace: ResolvedPath;
  /** Only where the namespace's path ends at something that could be opened. */
  readonly access?: AccessFact;
  /** Only with `--deep`. */
  readonly opened?: Opened | Unknown;
  /** Only where QEMU itself was to open it, too. */
  readonly byQemu?: OpenedByQemu;
  /** Only of a block device that the VM may write to: does the kernel refuse all writes to it? */
  readonly readOnlyDevice?: boolean | Unknown;
  /** Only with `--deep`: bytes of the block device at the end of the host's path. */
  readonly size?: number;
  /**
   * Only if some path of the domain does not resolve in the namespace, and the views of this one differ: what the
   * namespace has at each hop of the host's path below `/dev`.
   */
  readonly inside?: readonly { readonly path: string; readonly entry: Entry }[];
  /** Only with `--deep`, and of a link of the host that led to two devices. */
  readonly hoppingLink?: HoppingLink;
  /** As `inside`: a node for the same device that is already inside. */
  readonly sibling?: Sibling;
}

/** All that was read of one running domain. */
export interface DomainFacts {
  readonly domain: Domain;
  readonly pid: number;
  readonly origin: GuestOrigin;
  readonly credentials: Credentials;
  /** QEMU lives in a mount namespace of its own. */
  readonly ownNamespace: boolean;
  /** Mounts of QEMU's namespace. */
  readonly mounts: readonly Mount[];
  /** Devices and regular files that this QEMU holds open. */
  readonly open: readonly OpenFile[] | Unknown;
  readonly sources: readonly SourceFacts[];
  readonly nodes?: readonly BlockNode[] | Unknown;
  /** The nodes with which QEMU was started: do they have `auto-read-only`? Without `--deep` read only if some path is not usable. */
  readonly startNodes?: ReadonlyMap<string, boolean>;
  /** Only with `--deep`. */
  readonly guestDisks?: readonly GuestDisk[] | Unknown;
  readonly destination?: DestinationFacts;
  /** Seconds for which a path that was missing on this host was looked at again. */
  readonly waited?: number;
}

interface DestinationFacts {
  readonly host: string;
  readonly paths: readonly PathOnHost[] | Unknown;
  /** The same paths on this host; none where they are not known, or where the disks are copied onto other volumes. */
  readonly here: readonly PathOnHost[];
  /** Seconds for which a path that was missing there was asked for again. */
  readonly waited: number;
}
