import { canBeDisk, sameIdentity } from '../../file-tree/model/entry';
import type { FoundLink } from '../../file-tree/model/found-link';
import type { ResolvedPath } from '../../file-tree/model/walk';
import { textOf } from '../../messages';
import { describeFailure, describeKind } from '../../file-tree/model/describe-hops';

/** A link, and the target that it is to get. */
export interface LinkChange {
  readonly link: string;
  readonly target: string;
}

/** An invalid line of a map, with the reason. */
interface MapError {
  readonly line: number;
  readonly what: string;
}

/** Reads a map: lines of `link target`; blank lines and `#` comments are allowed. All mistakes are reported at once. */
export function parseMap(text: string): { readonly changes: LinkChange[]; readonly errors: MapError[] } {
  const changes: LinkChange[] = [];
  const errors: MapError[] = [];
  const lineOf = new Map<string, number>();
  for (const [index, raw] of text.split('\n').entries()) {
    const line = index + 1;
    const fields = raw.trim().split(/\s+/);
    const [link = '', target = ''] = fields;
    if (link === '' || link.startsWith('#')) continue;
    const earlier = lineOf.get(link);
    if (fields.length !== 2) errors.push({ line, what: textOf('map-words', { count: fields.length }) });
    else if (!link.startsWith('/')) errors.push({ line, what: textOf('map-not-absolute', { link }) });
    else if (earlier !== undefined) errors.push({ line, what: textOf('map-twice', { link, line: earlier }) });
    else changes.push({ link, target });
    lineOf.set(link, earlier ?? line);
  }
  return { changes, errors };
}

/**
 * Why a link must not be re-pointed, by what it leads to before and after; `undefined` when that is the same disk.
 */
export function refuseTarget(before: ResolvedPath, after: ResolvedPath): string | undefined {
  for (const [when, resolved] of [
    ['now', before],
    ['then', after],
  ] as const) {
    const failure = describeFailure(resolved);
    if (failure !== undefined) return textOf('target-leads-elsewhere', { when, failure });
    if (resolved.end.kind === 'found' && !canBeDisk(resolved.end.entry)) {
      return textOf('target-is-no-disk', { when, kind: describeKind(resolved.end.entry) });
    }
  }
  if (before.end.kind !== 'found' || after.end.kind !== 'found') return textOf('target-leads-nowhere');
  if (sameIdentity(before.end.entry, after.end.entry)) return undefined;
  return textOf('target-is-another-disk', {
    disk: describeKind(before.end.entry),
    path: before.end.path,
    otherDisk: describeKind(after.end.entry),
    otherPath: after.end.path,
  });
}

/** The path by which another path uses this very link, if it differs from the path in the map. */
export function otherNameOf(
  { path: own, entry: { inode } }: FoundLink,
  { hops }: ResolvedPath,
): string | undefined {
  if (inode === undefined) return undefined;
  return hops.find(({ path, entry }) => entry.kind === 'link' && entry.inode === inode && path !== own)?.path;
}

export function goesThrough({ hops }: ResolvedPath, link: string): boolean {
  return hops.some(({ path, entry }) => path === link && entry.kind === 'link');
}
