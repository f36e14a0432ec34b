import { wantedBits } from '../model/permissions';
import type { DiskSource } from '../../hypervisor/model/domain-xml';
import { isBelowDev } from '../../file-tree/model/entry';
import type { Opened, PathAnswer } from '../../file-tree/model/path-question';
import { unknownOf, type Unknown } from '../../core/unknown';
import { message, textOf } from '../../messages';
import type { ResolvedPath } from '../../file-tree/model/walk';
import type { HeldDomain, HeldQuestion } from '../../hypervisor/hold-domain';
import type { Answered } from '../../file-tree/path-reader/path-reader';

/** Links of the host by their paths, with the targets that they are to have. */
export type WhereLinksPoint = ReadonlyMap<string, string>;

/** What one source's path leads to, on the host and in the namespace. */
interface ReadPath {
  readonly source: DiskSource;
  readonly host: ResolvedPath;
  readonly answer: Omit<PathAnswer, 'opened'>;
  /** Only where the path was to be opened, and leads to a disk or could not be looked at. */
  readonly opened?: Opened | Unknown;
}

interface PathRequests {
  /** Open what each path leads to in the namespace. */
  readonly open?: boolean;
  /** Ask whether QEMU's user may use it. */
  readonly wanted?: boolean;
}

/**
 * Resolves the paths of sources in both views, as if these links had these targets, with the credentials of QEMU. A path
 * ends at a directory that QEMU's user may not search.
 */
export async function readPaths(
  held: HeldDomain,
  sources: readonly DiskSource[],
  links: WhereLinksPoint,
  { open = false, wanted = false }: PathRequests = {},
): Promise<ReadPath[]> {
  const inside = [...links].filter(([path]) => isInBothViews(path, held));
  const questions = sources.flatMap((source): HeldQuestion[] => [
    { of: 'host', path: source.path, ...(links.size > 0 ? { links: [...links] } : {}) },
    {
      of: 'namespace',
      path: source.path,
      ...(inside.length > 0 ? { links: inside } : {}),
      ...(wanted ? { wanted: wantedBits(source) } : {}),
      ...(open ? { open: { direct: source.direct } } : {}),
    },
  ]);
  const answers = await held.read(questions);
  return sources.map((source, index) => {
    const [host, namespace] = [answers[2 * index], answers[2 * index + 1]];
    return { source, host: resolvedPathOf(host, source.path), ...answerOf(namespace, source.path, open) };
  });
}

/** A QEMU's namespace has its own copy of a link below `/dev`, which does not change; any other link is one file in both views. */
function isInBothViews(path: string, { ownNamespace }: HeldDomain): boolean {
  return !isBelowDev(path) || !ownNamespace;
}

/** The resolved path; it is unreadable where it could not be looked at. */
export function resolvedPathOf(answered: Answered | undefined, path: string): ResolvedPath {
  if (answered && 'resolved' in answered) return answered.resolved;
  const error = answered?.why ?? textOf('no-answer');
  return { path, hops: [], end: { kind: 'unreadable', path: answered?.hangsAt ?? path, error } };
}

function answerOf(
  answered: Answered | undefined,
  path: string,
  open: boolean,
): Pick<ReadPath, 'answer' | 'opened'> {
  if (answered && 'resolved' in answered) {
    const { opened, ...answer } = answered;
    return opened ? { answer, opened } : { answer };
  }
  const values = { path, error: answered?.why ?? textOf('no-answer') };
  const reason =
    answered?.hangsAt === undefined ? message('path-not-looked-at', values) : message('path-hangs', values);
  return {
    answer: { resolved: resolvedPathOf(answered, path) },
    ...(open ? { opened: unknownOf(reason) } : {}),
  };
}
