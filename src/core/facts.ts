import type { GuestOrigin } from './guest-origin';
import type { Domain, DiskSource } from './domain';
import type { Disk, Entry } from './entry';
import type { Mount } from './mounts';
import type { Sibling } from './plan';
import type { Credentials } from './process-status';
import type { Walk } from './walk';

/** Something that could not be read, and why. Never taken for an answer. */
export interface Unknown {
  readonly unknown: string;
  /** What helps, where the reason tells. */
  readonly remedy?: string;
}

export function isUnknown(fact: object | string): fact is Unknown {
  return typeof fact === 'object' && 'unknown' in fact;
}

/** What became of opening a path as QEMU's user, inside its namespace. */
export type Opened =
  | { readonly kind: 'opened'; readonly entry: Disk }
  /** The kernel refused at `path`; `error` is the system's name of the reason. */
  | { readonly kind: 'refused'; readonly path: string; readonly error: string };

/** Whether QEMU's user may use the file at the end of a path in QEMU's namespace. */
export type AccessFact =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'refused'; readonly path: string; readonly why: string }
  | Unknown;

export interface SourceFacts {
  readonly source: DiskSource;
  readonly host: Walk;
  readonly namespace: Walk;
  /** Only where the namespace's walk ends at something that could be opened. */
  readonly access?: AccessFact;
  /** Only with `--deep`. */
  readonly opened?: Opened | Unknown;
  /** Only with `--deep`: bytes of the block device at the end of the host's way. */
  readonly size?: number;
  /**
   * Only of a domain with a way that has no end in the namespace, where the views differ: what the namespace has at each
   * path of the host's way below `/dev`.
   */
  readonly inside?: readonly { readonly path: string; readonly entry: Entry }[];
  /** As `inside`: a node for the same device that is already inside. */
  readonly sibling?: Sibling;
}

/** A device or regular file that QEMU holds open. */
export type OpenFile = Disk & {
  /** Whether a descriptor of it is open for writing. Read only where a finding depends on it. */
  readonly writable?: boolean | Unknown;
};

/** A protocol node of QEMU's block layer, from `query-named-block-nodes`. */
export interface BlockNode {
  readonly name: string;
  readonly driver: string;
  readonly path: string;
  readonly readonly: boolean;
  /** A node above it is not read-only (the format's; the node itself never says so, where it has auto-read-only). */
  readonly written?: true;
  /** Bytes of what it has open, where QEMU tells them: a device's as they were when QEMU opened it or was told to resize. */
  readonly size?: number;
}

/** What a destination says of one path. */
export interface DestinationPath {
  readonly path: string;
  /** `stat`'s words for the type (`block special file`), or `undefined` where nothing is there. */
  readonly type: string | undefined;
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
  readonly destination?: { readonly host: string; readonly paths: readonly DestinationPath[] | Unknown };
}

/** A domain that was asked for, but of which no facts can be had. */
export interface NoFacts {
  readonly name: string;
  readonly pid?: number;
  readonly notRunning?: true;
  /** Its QEMU lives in a user namespace of its own: nothing that it shows can be trusted, so it is blocked. */
  readonly isForeign?: true;
  readonly why: string;
  readonly remedy: string;
}
