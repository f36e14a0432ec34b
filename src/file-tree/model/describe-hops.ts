import { describeKind } from './entry';
import type { Hop, ResolvedPath } from './walk';

/** One line for one element of a way: a link and where it points, or what stands at the end. */
export function describePassage({ path, entry }: Hop): string {
  return entry.kind === 'link' ? `${path} -> ${entry.target}` : `${path}: ${describeKind(entry)}`;
}

/** The hops of a way as text: every link, and what the way ends at. Directories in between are left out. */
export function describeHops(resolved: ResolvedPath): readonly string[] {
  const lines = resolved.hops
    .filter(({ entry }, index) => entry.kind !== 'directory' || index === resolved.hops.length - 1)
    .map(describePassage);
  return resolved.end.kind === 'loop'
    ? [...lines, `${resolved.end.path}: more links than the kernel follows`]
    : lines;
}

/** Why a way has no end, as the end of a sentence: "/dev/x is missing". `undefined` where it has one. */
export function describeFailure({ end }: ResolvedPath): string | undefined {
  switch (end.kind) {
    case 'found':
      return undefined;
    case 'missing':
      return `${end.path === '' ? 'the empty path' : end.path} is missing`;
    case 'not-a-directory':
      return `${end.path} is not a directory`;
    case 'loop':
      return `${end.path} is one link more than the kernel follows (40), probably a loop`;
    case 'too-long':
      return `${end.path.slice(0, 60)}… is longer than the kernel allows`;
    case 'unreadable':
      return `${end.path} cannot be read (${end.error})`;
  }
}
