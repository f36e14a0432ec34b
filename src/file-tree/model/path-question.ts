import type { Disk } from './entry';
import type { ResolvedPath } from './walk';

/** What the child that reads paths is asked about one path (system/path-reader). */
export interface PathQuestion {
  /** Which of the root directories that the child was started with; 0 is the host's. */
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
  readonly walk: ResolvedPath;
  /** What access(2) said: the system's name of the error, `ok`; only where it was asked for and the path leads to a disk. */
  readonly access?: string;
  /** Only where it was asked for and the path leads to a disk. */
  readonly opened?: Opened;
}

/** The first line that the child reads. */
export interface PathReaderSetup {
  /** Paths at and below which nothing is looked at: storage that did not answer, and how messages call it. */
  readonly avoid: readonly AvoidedPath[];
}

export interface AvoidedPath {
  readonly path: string;
  readonly why: string;
}

/** The reason not to look at a path; `undefined` when there is none. */
export function avoided(list: readonly AvoidedPath[], path: string): AvoidedPath | undefined {
  return list.find((entry) => path === entry.path || path.startsWith(`${entry.path}/`));
}

/**
 * Whether a line of the child's can be taken for an answer. The child's user is QEMU's, who may disturb it: what it
 * says must not be able to do more harm than a wrong answer about that user's own VMs.
 */
export function isPathAnswer(value: unknown): value is PathAnswer {
  if (!hasStrings(value, []) || !hasStrings(value.walk, ['path'])) return false;
  const { hops, end } = value.walk;
  if (!hasStrings(end, ['kind', 'path']) || !Array.isArray(hops)) return false;
  if (end.kind === 'found' && !hasStrings(end.entry, ['kind'])) return false;
  return hops.every((hop: unknown) => hasStrings(hop, ['path']) && hasStrings(hop.entry, ['kind']));
}

function hasStrings(value: unknown, names: readonly string[]): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  return names.every((name) => typeof (value as Record<string, unknown>)[name] === 'string');
}

/** What became of opening a path as QEMU's user, inside its namespace. */
export type Opened =
  | { readonly kind: 'opened'; readonly entry: Disk }
  /** The kernel refused at `path`; `error` is the system's name of the reason. */
  | { readonly kind: 'refused'; readonly path: string; readonly error: string };
