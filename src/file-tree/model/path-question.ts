import type { Disk } from './entry';
import type { ResolvedPath } from './walk';

/** A question about one path, for the child that resolves paths (file-tree/path-reader). */
export interface PathQuestion {
  /** The number of a root directory that the child was started with; 0 is the host's. */
  readonly root: number;
  readonly path: string;
  /** Links, by their paths, that are to be followed as if they had these targets. */
  readonly links?: readonly (readonly [path: string, target: string])[];
  /** Bits of the mode (4 read, 2 write): may the child's user use what the path leads to? */
  readonly wanted?: number;
  /** Open what the path leads to, as QEMU does; `direct`: with O_DIRECT. */
  readonly open?: { readonly direct: boolean };
}

export interface PathAnswer {
  readonly resolved: ResolvedPath;
  /** The result of access(2): `ok`, or the name of the error; only where it was asked for and the path leads to a disk. */
  readonly access?: string;
  /** Only where it was asked for and the path leads to a disk. */
  readonly opened?: Opened;
}

/** The first line that the child reads. */
export interface PathReaderSetup {
  /** Paths at and below which nothing must be looked at, because their storage did not answer. */
  readonly avoid: readonly AvoidedPath[];
}

export interface AvoidedPath {
  readonly path: string;
  readonly why: string;
}

/** The entry of the list that covers a path, if there is one. */
export function avoided(list: readonly AvoidedPath[], path: string): AvoidedPath | undefined {
  return list.find((entry) => path === entry.path || path.startsWith(`${entry.path}/`));
}

/**
 * Whether a line of the child can be taken for an answer. The child runs as QEMU's user, who may disturb it: its output
 * must not be able to do more harm than a wrong answer about that user's own VMs.
 */
export function isPathAnswer(value: unknown): value is PathAnswer {
  if (!hasStrings(value, []) || !hasStrings(value.resolved, ['path'])) return false;
  const { hops, end } = value.resolved;
  if (!hasStrings(end, ['kind', 'path']) || !Array.isArray(hops)) return false;
  if (end.kind === 'found' && !hasStrings(end.entry, ['kind'])) return false;
  return hops.every((hop: unknown) => hasStrings(hop, ['path']) && hasStrings(hop.entry, ['kind']));
}

function hasStrings(value: unknown, names: readonly string[]): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  return names.every((name) => typeof (value as Record<string, unknown>)[name] === 'string');
}

/** The result of opening a path as QEMU's user, inside its namespace. */
export type Opened =
  | {
      readonly kind: 'opened';
      readonly entry: Disk;
      /** How long it took, with the read that QEMU does as well; missing where that read could not be done. */
      readonly ms?: number;
    }
  /** The kernel refused at `path`; `error` is the name of the system's error. */
  | { readonly kind: 'refused'; readonly path: string; readonly error: string };
