import type { Disk, FileEntry } from '../../file-tree/model/entry';
import type { Mount } from '../../file-tree/model/mounts';
import { isUnknown } from '../../core/unknown';
import type { DomainFacts } from './facts';

/**
 * The file that QEMU holds by an earlier mount of the same directory of the same NFS server, and that the path leads to by
 * a later one. Where the options of the mounts differ, Linux does not share their super blocks (fs/nfs/super.c,
 * nfs_compare_super), so `st_dev` differs; the inode number is the server's own. A server that was replaced under
 * the same name has another address. Both mounts must be in QEMU's table: of one
 * that was detached (umount --lazy) nothing shows what it was.
 */
export function heldByOtherMount(
  end: Disk,
  { open, mounts }: Pick<DomainFacts, 'open' | 'mounts'>,
): FileEntry | undefined {
  if (end.kind !== 'file' || isUnknown(open)) return undefined;
  const origin = nfsOriginOf(end, mounts);
  if (origin === undefined) return undefined;
  return open.find(
    (file): file is FileEntry =>
      file.kind === 'file' &&
      !file.deleted &&
      file.inode === end.inode &&
      file.device !== end.device &&
      nfsOriginOf(file, mounts) === origin,
  );
}

/** The server, its directory, and what of it is mounted; `undefined` unless all mounts of the file system agree. */
function nfsOriginOf({ device }: FileEntry, mounts: readonly Mount[]): string | undefined {
  const origins = new Set(
    mounts
      .filter((mount) => mount.device === device)
      .map(({ fileSystem, server, source, root }) =>
        server === undefined ? undefined : JSON.stringify([fileSystem, server, source, root]),
      ),
  );
  const [origin] = origins;
  return origins.size === 1 ? origin : undefined;
}
