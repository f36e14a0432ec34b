import type { Disk, Entry, LinkEntry, View } from './entry';
import { canBeDisk } from './entry';

/** One step of resolving a path: a directory that was entered, a link that was followed, or the end. */
export interface Hop {
  readonly path: string;
  readonly entry: Entry;
  /** Nothing of the path follows: the kernel calls such a link trailing, and protects it (disk-paths/model/permissions.ts). */
  readonly last: boolean;
}

type Found = Exclude<Entry, LinkEntry | { readonly kind: 'missing' | 'unreadable' }>;

export type End =
  /** The path leads to something that exists and is not a link. */
  | { readonly kind: 'found'; readonly path: string; readonly entry: Found }
  /** ENOENT: `path` is the element that is missing. */
  | { readonly kind: 'missing'; readonly path: string }
  /** ENOTDIR: `path` is a file, but more elements follow. */
  | { readonly kind: 'not-a-directory'; readonly path: string }
  /** ELOOP: more links than the kernel follows. */
  | { readonly kind: 'loop'; readonly path: string }
  /** ENAMETOOLONG. */
  | { readonly kind: 'too-long'; readonly path: string }
  /** An element of the path could not be read: nothing is known about the rest. */
  | { readonly kind: 'unreadable'; readonly path: string; readonly error: string };

export interface ResolvedPath {
  /** The path that was asked for. */
  readonly path: string;
  /** All hops, in the order of the kernel. */
  readonly hops: readonly Hop[];
  readonly end: End;
}

/** MAXSYMLINKS of the kernel's include/linux/namei.h: 40 links are followed, the 41st is ELOOP. */
const maxLinks = 40;
/** NAME_MAX and PATH_MAX of include/uapi/linux/limits.h; PATH_MAX counts the final NUL. */
const maxNameBytes = 255;
const maxPathBytes = 4096;

/**
 * Follows a path through a view, one element at a time, as the kernel's path_resolution(7) does.
 * A relative path starts at `/`, the working directory that libvirt gives to QEMU.
 */
export function resolvePath(view: View, path: string): ResolvedPath {
  const hops: Hop[] = [];
  const end = (kind: 'missing' | 'not-a-directory' | 'loop' | 'too-long', at: string): ResolvedPath => ({
    path,
    hops,
    end: { kind, path: at },
  });
  if (path === '') return end('missing', path);
  if (isLonger(path, maxPathBytes - 1)) return end('too-long', path);

  const pending = path.split('/').reverse();
  // Without a slash at the end: '' is the root.
  let directory = '';
  let links = 0;
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === '' || name === '.') continue;
    if (name === '..') {
      directory = directory.slice(0, Math.max(directory.lastIndexOf('/'), 0));
      continue;
    }
    const here = `${directory}/${name}`;
    if (isLonger(name, maxNameBytes)) return end('too-long', here);
    const entry = view(here);
    hops.push({ path: here, entry, last: pending.every((rest) => rest === '') });
    switch (entry.kind) {
      case 'missing':
        return end('missing', here);
      case 'unreadable':
        return { path, hops, end: { kind: 'unreadable', path: here, error: entry.error } };
      case 'link':
        links += 1;
        if (links > maxLinks) return end('loop', here);
        // symlink(2) makes no longer ones.
        if (isLonger(entry.target, maxPathBytes - 1)) return end('too-long', entry.target);
        pending.push(...entry.target.split('/').reverse());
        if (entry.target.startsWith('/')) directory = '';
        break;
      case 'directory':
        directory = here;
        break;
      default:
        if (pending.length > 0) return end('not-a-directory', here);
        return { path, hops, end: { kind: 'found', path: here, entry } };
    }
  }
  return { path, hops, end: endAtDirectory(view, directory === '' ? '/' : directory) };
}

/** In bytes of UTF-8: a unit of UTF-16 takes three at most. */
function isLonger(text: string, maximum: number): boolean {
  return text.length * 3 > maximum && Buffer.byteLength(text) > maximum;
}

/** A path that ends at a directory (`/dev/x/..`, `/`) may have no element of its own in the hops. */
function endAtDirectory(view: View, path: string): End {
  const entry = view(path);
  switch (entry.kind) {
    case 'directory':
      return { kind: 'found', path, entry };
    case 'unreadable':
      return { kind: 'unreadable', path, error: entry.error };
    default:
      return { kind: 'unreadable', path, error: 'changed while it was read' };
  }
}

/** The disk to which a path leads, if it leads to one. */
export function diskAt({ end }: Pick<ResolvedPath, 'end'>): Disk | undefined {
  return end.kind === 'found' && canBeDisk(end.entry) ? end.entry : undefined;
}

export function disksAt(...paths: readonly ResolvedPath[]): Disk[] {
  return paths.flatMap((resolved) => diskAt(resolved) ?? []);
}
