import { posix } from 'node:path';
import { odd } from './file-contents';
import {
  sharedFile,
  type Access,
  type Bind,
  type Made,
  type MadeTree,
  type MountOption,
} from './topology-spec';

export function addDirectories(made: Map<string, Made>, base: string, path: string): void {
  for (
    let directory = posix.dirname(path);
    directory.length > base.length;
    directory = posix.dirname(directory)
  ) {
    made.set(directory, { kind: 'directory' });
  }
}

/**
 * Adds the end of the path.
 * @returns its path
 */
export function addEnd(made: Map<string, Made>, base: string, kind: string, first: string): string {
  const path = `${base}/end`;
  switch (kind) {
    case 'shared':
      return sharedFile;
    case 'shared-below-dev':
      made.set(path, { kind: 'file', binds: [{ from: sharedFile, option: 'plain' }] });
      return path;
    case 'missing':
      return path;
    case 'loop':
      return first;
    case 'long-name':
      return `${base}/${'é'.repeat(128)}`;
    case 'longest-name':
      made.set(`${base}/${'é'.repeat(127)}x`, { kind: 'right' });
      return `${base}/${'é'.repeat(127)}x`;
    case 'no-utf-8':
      made.set(`${path}${odd(0xff)}`, { kind: 'right' });
      return `${path}${odd(0xff)}`;
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
    case 'doubled':
    case 'down-and-up':
      return written(to, style);
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

/** Like posix.relative, but it keeps the `..` at the end of a target. */
function relative(from: string, to: string): string {
  return `${'../'.repeat(from.split('/').length - 1)}${to.slice(1)}`;
}

/** Another notation of the same path. */
export function written(path: string, style: string): string {
  switch (style) {
    case 'dotted':
      return path.replaceAll('/', '/.//');
    case 'doubled':
      return path.replaceAll('/', '//');
    case 'down-and-up': {
      const directory = posix.dirname(path);
      return directory === '/'
        ? path
        : `${directory}/../${posix.basename(directory)}/${posix.basename(path)}`;
    }
    default:
      return path;
  }
}

/**
 * One change of a tree: `at` is the index of the entry, modulo their number, and `to` that of another entry which the
 * change uses.
 */
export interface Mutation {
  readonly at: number;
  readonly to: number;
  readonly what:
    | Access
    | 'remove'
    | 'retarget'
    | 'swap'
    | 'twin'
    | 'file'
    | 'directory'
    | { readonly mount: Exclude<MountOption, 'ro'> }
    /** The mount is over itself, another entry, or the shared file over a file. */
    | { readonly bind: MountOption; readonly from: 'itself' | 'other' | 'shared' };
}

export function mutate(tree: MadeTree, { at, to, what }: Mutation): MadeTree {
  const paths = [...tree.keys()];
  const path = paths[at % paths.length] ?? '';
  const other = paths[to % paths.length] ?? '';
  const old = tree.get(path);
  const next = new Map(tree);
  if (!old) return next;
  switch (what) {
    case 'remove':
      next.delete(path);
      break;
    case 'retarget':
      if (old.kind === 'link') next.set(path, { kind: 'link', target: other });
      break;
    case 'swap':
    case 'twin':
      if (old.kind === 'right') next.set(path, { kind: what === 'swap' ? 'wrong' : 'twin' });
      break;
    case 'file':
    case 'directory':
      next.set(path, { kind: what });
      break;
    default:
      if ('mode' in what) next.set(path, { ...old, access: what });
      else if ('bind' in what) {
        const from = { itself: path, other, shared: sharedFile }[what.from];
        const bind: Bind = { from, option: what.bind };
        next.set(path, { ...old, binds: [...(old.binds ?? []), bind] });
      } else if (old.kind === 'directory') {
        next.set(path, { ...old, mounts: [...(old.mounts ?? []), what.mount] });
      }
  }
  return next;
}
