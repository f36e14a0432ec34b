import type { DiskSource } from '../../hypervisor/model/domain-xml';
import type { Disk } from '../../file-tree/model/entry';
import type { AccessFact } from './facts';
import { mountAt, type Mount } from '../../file-tree/model/mounts';
import type { Permissions } from '../../core/owner-and-mode';
import type { PathAnswer } from '../../file-tree/model/path-question';
import type { Credentials } from '../../os/model/process-status';
import { diskAt, type Hop, type ResolvedPath } from '../../file-tree/model/walk';
import { unknownOf } from '../../core/unknown';
import { message, textOf, type Message } from '../../messages';

/** Bits of a mode: may be read, may be written. access(2) has the same. */
const toRead = 4;
const toWrite = 2;

/** Bits that QEMU needs: it re-opens a disk read-only to hand it over, and for writing when it takes it back. */
export function wantedBits(source: { readonly readonly: boolean }): number {
  return source.readonly ? toRead : toRead | toWrite;
}

/** Whose access it is, and what besides the kernel's answer decides it. */
interface AccessContext {
  readonly credentials: Credentials;
  /** Mounts of QEMU's namespace. */
  readonly mounts: readonly Mount[];
  /** The sysctl fs.protected_symlinks. */
  readonly protectsLinks: boolean;
}

/**
 * Whether QEMU's user may use what a path leads to: the kernel's answer to a process with QEMU's credentials, and the
 * rules that did not apply to that process, which resolves links itself. `undefined` where the path leads to no disk.
 */
export function judgeAccess(
  source: DiskSource,
  { resolved, access }: Pick<PathAnswer, 'resolved' | 'access'>,
  context: AccessContext,
): AccessFact | undefined {
  const closed = refusedOnPath(resolved);
  if (closed) return closed;
  const disk = diskAt(resolved);
  const { path } = resolved.end;
  if (!disk) return undefined;
  for (const hop of resolved.hops) {
    const why = refusesLink(hop, resolved, context);
    if (why) return { kind: 'refused', path: hop.path, why };
  }
  const why = refusedByMount(path, disk, source, context) ?? refusedByKernel(disk, access, context);
  if (why) return { kind: 'refused', path, why };
  if (access === 'ok' || context.credentials.overridesAccess) return { kind: 'allowed' };
  return unknownOf(message('access-unknown', { path, error: access ?? textOf('no-answer') }));
}

/** Of a path that ends at a directory which the user may not search: nothing else need be asked. */
export function refusedOnPath(resolved: ResolvedPath): AccessFact | undefined {
  const path = closedDirectory(resolved);
  return path === undefined ? undefined : { kind: 'refused', path, why: message('directory-not-searchable') };
}

/** The directory at which resolving the path ended, because the user may not search it; `undefined` otherwise. */
export function closedDirectory({ end }: ResolvedPath): string | undefined {
  return end.kind === 'unreadable' && end.error === 'EACCES' ? parentOf(end.path) : undefined;
}

function refusesLink(
  { path, entry, last }: Hop,
  { hops }: ResolvedPath,
  { credentials, mounts, protectsLinks }: AccessContext,
): Message | undefined {
  if (entry.kind !== 'link') return undefined;
  const directory = hops.find((hop) => hop.path === parentOf(path))?.entry;
  if (
    last &&
    protectsLinks &&
    directory?.kind === 'directory' &&
    isProtectedLink(entry, directory, credentials)
  )
    return message('link-protected');
  return mountAt(mounts, path)?.options.includes('nosymfollow') === true
    ? message('link-nosymfollow')
    : undefined;
}

function refusedByMount(
  path: string,
  { kind }: Disk,
  source: DiskSource,
  { mounts }: AccessContext,
): Message | undefined {
  const mount = mountAt(mounts, path);
  if (kind === 'block' && mount?.options.includes('nodev') === true) return message('mounted-nodev');
  // A device may be written even if its node is on a read-only file system.
  const wantsToWrite = (wantedBits(source) & toWrite) !== 0;
  return kind === 'file' && wantsToWrite && mount?.isReadOnly === true
    ? message('mounted-read-only')
    : undefined;
}

function refusedByKernel(
  entry: Disk,
  access: string | undefined,
  { credentials }: AccessContext,
): Message | undefined {
  // access(2) ignores the capabilities of any uid but root (man 2 access).
  if (access === 'EACCES' && !credentials.overridesAccess) return describePermissions(entry);
  return access === 'EPERM' || access === 'EROFS' ? { what: access } : undefined;
}

function describePermissions({ mode, uid, gid }: Disk): Message {
  return message('owner-and-mode', { mode: mode.toString(8).padStart(4, '0'), uid, gid });
}

/**
 * The kernel's fs.protected_symlinks (fs/namei.c, may_follow_link): in a sticky, world-writable directory a
 * trailing link is followed only if its owner is the user who follows it, or the directory's owner.
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
