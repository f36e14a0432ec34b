import { message, textOf, type Message } from '../../messages';
import { canBeDisk, type Entry } from './entry';
import type { Hop, ResolvedPath } from './walk';

/** One hop as a line: a link and its target, or what the path ends at. */
export function describeHop({ path, entry }: Hop): string {
  return entry.kind === 'link' ? `${path} -> ${entry.target}` : `${path}: ${describeKind(entry)}`;
}

/** The hops of a path as lines: every link, and the end. Directories in between are left out. */
export function describeHops({ hops, end }: ResolvedPath): readonly string[] {
  const lines = hops
    .filter(({ entry }, index) => entry.kind !== 'directory' || index === hops.length - 1)
    .map(describeHop);
  return end.kind === 'loop' ? [...lines, textOf('hop-of-loop', { path: end.path })] : lines;
}

/** Why a path does not resolve, as in "/dev/x is missing"; `undefined` where it does. */
export function describeFailure({ end }: ResolvedPath): Message | undefined {
  const { kind, path } = end;
  switch (kind) {
    case 'found':
      return undefined;
    case 'missing':
      return path === '' ? message('empty-path') : message('element-missing', { path });
    case 'not-a-directory':
      return message('element-not-directory', { path });
    case 'loop':
      return message('link-loop', { path });
    case 'too-long':
      return message('path-too-long', { path: `${path.slice(0, 60)}…` });
    case 'unreadable':
      return message('element-unreadable', { path, error: shortError(end.error) });
  }
}

/** The name of an error, as in EACCES, is short; a sentence may name a mount. */
function shortError(error: string): Message {
  return /^E[A-Z0-9]+$/.test(error) ? { what: error } : { what: error, short: textOf('no-answer') };
}

/** Why a path leads to no disk; `undefined` where it leads to one. */
export function whyNoDisk(resolved: ResolvedPath): Message | undefined {
  const { end } = resolved;
  if (end.kind === 'found' && !canBeDisk(end.entry))
    return message('not-a-disk', { path: end.path, kind: describeKind(end.entry) });
  return describeFailure(resolved);
}

/** What is at a path, as a part of a sentence. */
export function describeKind(entry: Entry): string {
  switch (entry.kind) {
    case 'block':
      return textOf('kind-block', { device: entry.device });
    case 'character':
      return textOf('kind-character', { device: entry.device });
    case 'file':
      return textOf('kind-file');
    case 'directory':
      return textOf('kind-directory');
    case 'link':
      return textOf('kind-link');
    case 'missing':
      return textOf('kind-missing');
    case 'unreadable':
      return textOf('kind-unreadable', { error: entry.error });
    case 'other':
      return textOf('kind-other');
  }
}
