import { canBeDisk, sameIdentity } from '../../file-tree/model/entry';
import type { FoundLink } from '../../file-tree/model/link-change';
import type { ResolvedPath } from '../../file-tree/model/walk';
import { describeFailure, describeKind } from '../../file-tree/model/describe-hops';

/** One wish: this link shall point to that target. */
export interface LinkChange {
  readonly link: string;
  readonly target: string;
}

/** A line of a map that is none, with the reason. */
export interface MapError {
  readonly line: number;
  readonly what: string;
}

/** Reads a map: lines of `link target`; blank lines and `#` comments are allowed. All mistakes are told at once. */
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
    if (fields.length !== 2)
      errors.push({ line, what: `expected "link target", found ${fields.length} words` });
    else if (!link.startsWith('/')) errors.push({ line, what: `${link} is no absolute path` });
    else if (earlier !== undefined) errors.push({ line, what: `${link} stands in line ${earlier} already` });
    else changes.push({ link, target });
    lineOf.set(link, earlier ?? line);
  }
  return { changes, errors };
}

/** Why a link may not be pointed elsewhere, by what it leads to now and then; `undefined` when that is the same disk. */
export function refuseTarget(before: ResolvedPath, after: ResolvedPath): string | undefined {
  for (const [word, resolved] of [
    ['now', before],
    ['then', after],
  ] as const) {
    const failure = describeFailure(resolved);
    if (failure !== undefined)
      return `it would not lead to the same disk: ${word}, ${failure.what} on the host`;
    if (resolved.end.kind === 'found' && !canBeDisk(resolved.end.entry)) {
      return `${word} it leads to ${describeKind(resolved.end.entry)}, which is no disk`;
    }
  }
  if (before.end.kind !== 'found' || after.end.kind !== 'found') return 'it leads nowhere';
  if (sameIdentity(before.end.entry, after.end.entry)) return undefined;
  return `it now leads to ${describeKind(before.end.entry)} ${before.end.path}, but then to ${describeKind(after.end.entry)} ${after.end.path}`;
}

/** The path by which a way goes through this very link, where that is another than the one it was asked for by. */
export function otherNameOf(
  { path: own, entry: { inode } }: FoundLink,
  { hops: hops }: ResolvedPath,
): string | undefined {
  if (inode === undefined) return undefined;
  return hops.find(({ path, entry }) => entry.kind === 'link' && entry.inode === inode && path !== own)?.path;
}

export function goesThrough({ hops: hops }: ResolvedPath, link: string): boolean {
  return hops.some(({ path, entry }) => path === link && entry.kind === 'link');
}
