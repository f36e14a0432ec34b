import { wantedBits } from '../model/permissions';
import type { DiskSource } from '../../hypervisor/model/domain-xml';
import { isBelowDev } from '../../file-tree/model/entry';
import type { Opened, PathAnswer } from '../../file-tree/model/path-question';
import type { Unknown } from '../../core/unknown';
import type { ResolvedPath } from '../../file-tree/model/walk';
import type { HeldDomain, HeldQuestion } from '../../hypervisor/hold-domain';
import type { Answered } from '../../file-tree/path-reader/path-reader';

/** Links of the host by their paths, with the targets that they shall have. */
export type WhereLinksPoint = ReadonlyMap<string, string>;

/** What one source's path leads to, on the host and inside. */
export interface ReadPath {
  readonly source: DiskSource;
  readonly host: ResolvedPath;
  readonly answer: Omit<PathAnswer, 'opened'>;
  /** Only where the path was to be opened, and leads to a disk, or was not looked at. */
  readonly opened?: Opened | Unknown;
}

interface PathRequests {
  /** Open what each path leads to in the namespace. */
  readonly open?: boolean;
  /** Ask whether QEMU's user may use it. */
  readonly wanted?: boolean;
}

/**
 * Looks at the paths of sources in both views, as if these links pointed there, with the credentials of QEMU. Nothing is
 * told of what lies behind a directory that QEMU's user may not search.
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
    return { source, host: walkOf(host, source.path), ...answerOf(namespace, source.path, open) };
  });
}

/** A link below `/dev` has a copy of its own in a QEMU's namespace, which stays; any other is one file in both views. */
function isInBothViews(path: string, { ownNamespace }: HeldDomain): boolean {
  return !isBelowDev(path) || !ownNamespace;
}

/** Where a path leads; nothing is known of one that was not looked at. */
export function walkOf(answered: Answered | undefined, path: string): ResolvedPath {
  if (answered && 'walk' in answered) return answered.walk;
  const error = answered?.why ?? 'no answer';
  return { path, hops: [], end: { kind: 'unreadable', path: answered?.hangsAt ?? path, error } };
}

function answerOf(
  answered: Answered | undefined,
  path: string,
  open: boolean,
): Pick<ReadPath, 'answer' | 'opened'> {
  if (answered && 'walk' in answered) {
    const { opened, ...answer } = answered;
    return opened ? { answer, opened } : { answer };
  }
  const unknown = `${path} could not be looked at: ${answered?.why ?? 'no answer'}`;
  const remedy =
    answered?.hangsAt === undefined
      ? {}
      : { remedy: `see whether the storage answers: findmnt -T ${path}, dmesg` };
  return { answer: { walk: walkOf(answered, path) }, ...(open ? { opened: { unknown, ...remedy } } : {}) };
}
