import { posix } from 'node:path';
import { sharedFile, type Access, type Made, type MadeTree } from './made';

export function addDirectories(made: Map<string, Made>, base: string, path: string): void {
  for (
    let directory = posix.dirname(path);
    directory.length > base.length;
    directory = posix.dirname(directory)
  ) {
    made.set(directory, { kind: 'directory' });
  }
}

/** Puts what the way shall end at; gives its path. */
export function addEnd(made: Map<string, Made>, base: string, kind: string, first: string): string {
  const path = `${base}/end`;
  switch (kind) {
    case 'shared':
      return sharedFile;
    case 'missing':
      return path;
    case 'loop':
      return first;
    case 'long-name':
      return `${base}/${'é'.repeat(128)}`;
    case 'beyond':
      made.set(path, { kind: 'right' });
      return `${path}/..`;
    default:
      made.set(path, { kind: kind as 'right' });
      return path;
  }
}

export function target(
  made: Map<string, Made>,
  base: string,
  from: string,
  to: string,
  style: string,
  index: number,
): string {
  const here = posix.dirname(from);
  switch (style) {
    case 'relative':
      return relative(here, to);
    case 'libvirt':
      return `${here}/${relative(here, to)}`;
    case 'above-root':
      return `/../..${to}`;
    case 'dotted':
      return to.replaceAll('/', '/.//');
    case 'slash-behind':
      return `${to}/`;
    case 'through-link': {
      const via = `${base}/via${index}`;
      made.set(via, {
        kind: 'link',
        target: index % 2 === 0 ? posix.dirname(to) : relative(base, posix.dirname(to)),
      });
      return `${via}/${posix.basename(to)}`;
    }
    default:
      return to;
  }
}

/** Like posix.relative, which would swallow the `..` that a target ends with. */
function relative(from: string, to: string): string {
  return `${'../'.repeat(from.split('/').length - 1)}${to.slice(1)}`;
}

/** One change of a tree: `at` tells of which entry, counted around. */
export interface Mutation {
  readonly at: number;
  readonly what:
    Access | 'remove' | 'retarget' | 'swap' | 'file' | 'directory' | 'plain' | 'nodev' | 'nosymfollow';
}

export function mutate(tree: MadeTree, { at, what }: Mutation): MadeTree {
  const paths = [...tree.keys()];
  const path = paths[at % paths.length] ?? '';
  const old = tree.get(path);
  const next = new Map(tree);
  if (!old) return next;
  if (typeof what === 'object') next.set(path, { ...old, access: what });
  else if (what === 'remove') next.delete(path);
  else if (what === 'retarget') {
    const other = paths[(at * 7 + 3) % paths.length] ?? '';
    if (old.kind === 'link') next.set(path, { kind: 'link', target: other });
  } else if (what === 'swap') {
    if (old.kind === 'right') next.set(path, { kind: 'wrong' });
  } else if (what === 'file' || what === 'directory') next.set(path, { kind: what });
  else if (old.kind === 'directory') next.set(path, { ...old, mount: what });
  return next;
}
