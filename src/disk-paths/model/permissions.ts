import type { DiskSource } from '../../hypervisor/model/domain-xml';
import type { Disk } from '../../file-tree/model/entry';
import type { AccessFact } from './facts';
import { mountAt, type Mount } from '../../file-tree/model/mounts';
import type { Permissions } from '../../core/owner-and-mode';
import type { PathAnswer } from '../../file-tree/model/path-question';
import type { Credentials } from '../../os/model/process-status';
import { diskAt, type Hop, type ResolvedPath } from '../../file-tree/model/walk';

/** Bits of a mode: may be read, may be written. access(2) has the same. */
const toRead = 4;
const toWrite = 2;

/** Bits that QEMU needs: re-opening read-only to hand over, and for writing again when it takes back. */
export function wantedBits(source: { readonly readonly: boolean }): number {
  return source.readonly ? toRead : toRead | toWrite;
}

/** Whose access it is, and what beside the kernel's answer decides it. */
export interface AccessContext {
  readonly credentials: Credentials;
  /** Mounts of QEMU's namespace. */
  readonly mounts: readonly Mount[];
  /** The sysctl fs.protected_symlinks. */
  readonly protectsLinks: boolean;
}

/**
 * Whether QEMU's user may use what a path leads to: what the kernel said to a process with QEMU's credentials, and what
 * such a process does not meet, because it follows links by itself. `undefined` where the path leads to no disk.
 */
export function judgeAccess(
  source: DiskSource,
  { walk: resolved, access }: Pick<PathAnswer, 'walk' | 'access'>,
  context: AccessContext,
): AccessFact | undefined {
  const closed = refusedOnPath(resolved);
  if (closed) return closed;
  const disk = diskAt(resolved);
  const { path } = resolved.end;
  if (!disk) return undefined;
  for (const hop of resolved.hops) {
    const why = refusesLink(hop, resolved, context);
    if (why !== undefined) return { kind: 'refused', path: hop.path, why };
  }
  const why = refusedByMount(path, disk, source, context) ?? refusedByKernel(disk, access, context);
  if (why !== undefined) return { kind: 'refused', path, why };
  if (access === 'ok' || context.credentials.overridesAccess) return { kind: 'allowed' };
  return { unknown: `whether ${path} may be used cannot be asked: ${access ?? 'no answer'}` };
}

/** Of a walk that ends at a directory which its user may not search: nothing else need be asked. */
export function refusedOnPath(resolved: ResolvedPath): AccessFact | undefined {
  const path = closedDirectory(resolved);
  return path === undefined
    ? undefined
    : { kind: 'refused', path, why: 'EACCES, it may not search this directory' };
}

/** The directory that the walker's user may not search, at which the walk ends; `undefined` when it does not end so. */
export function closedDirectory({ end }: ResolvedPath): string | undefined {
  return end.kind === 'unreadable' && end.error === 'EACCES' ? parentOf(end.path) : undefined;
}

function refusesLink(
  { path, entry, last }: Hop,
  { hops: hops }: ResolvedPath,
  { credentials, mounts, protectsLinks }: AccessContext,
): string | undefined {
  if (entry.kind !== 'link') return undefined;
  const directory = hops.find((hop) => hop.path === parentOf(path))?.entry;
  if (
    last &&
    protectsLinks &&
    directory?.kind === 'directory' &&
    isProtectedLink(entry, directory, credentials)
  )
    return 'fs.protected_symlinks forbids to follow a link of another owner in a sticky, world-writable directory';
  return mountAt(mounts, path)?.options.includes('nosymfollow') === true
    ? 'it is a link on a file system mounted nosymfollow'
    : undefined;
}

function refusedByMount(
  path: string,
  { kind }: Disk,
  source: DiskSource,
  { mounts }: AccessContext,
): string | undefined {
  const mount = mountAt(mounts, path);
  if (kind === 'block' && mount?.options.includes('nodev') === true)
    return 'it lies on a file system mounted nodev';
  // A device may be written wherever its node lies.
  const wantsToWrite = (wantedBits(source) & toWrite) !== 0;
  return kind === 'file' && wantsToWrite && mount?.isReadOnly === true
    ? 'it lies on a file system mounted read-only'
    : undefined;
}

function refusedByKernel(
  entry: Disk,
  access: string | undefined,
  { credentials }: AccessContext,
): string | undefined {
  // access(2) leaves capabilities of another uid than root out (man 2 access).
  if (access === 'EACCES' && !credentials.overridesAccess) return describePermissions(entry);
  return access === 'EPERM' || access === 'EROFS' ? access : undefined;
}

/** How a message names what stands in the way: `mode 0660, owner 0:6`. */
function describePermissions(entry: Disk): string {
  return `mode ${entry.mode.toString(8).padStart(4, '0')}, owner ${entry.uid}:${entry.gid}`;
}

/**
 * The kernel's fs.protected_symlinks (fs/namei.c, may_follow_link): in a sticky, world-writable directory a
 * trailing link is followed only if it belongs to who follows it, or to the directory's owner.
 */
export function isProtectedLink(
  link: Permissions,
  directory: Permissions,
  credentials: Credentials,
): boolean {
  return link.uid !== credentials.uid && (directory.mode & 0o1002) === 0o1002 && directory.uid !== link.uid;
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}
