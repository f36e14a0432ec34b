import { isInMemory, type Mount } from '../../file-tree/model/mounts';

/**
 * How changes in a directory are noticed. `events`: the kernel reports them (inotify(7)). `polled-often`, `polled`: its
 * time of modification is compared, which a write to a file in it does not change. `rounds`: only the regular look at
 * every domain sees them, because another machine can change it without an event, and a look at it may hang.
 */
export type Means = 'events' | 'polled-often' | 'polled' | 'rounds';

/** What is known of a directory that is to be watched. */
export interface Watched {
  /** The mount of the host on which it lies. */
  readonly mount: Mount | undefined;
  /** Files in it are written to: each write would be an event, and wake this process. */
  readonly isNoisy: boolean;
  /** The kernel takes no more watches of ours. */
  readonly isFull: boolean;
}

/** File systems that live on this machine alone; all others, also unknown ones, are taken for remote. */
const local = /^(?:ext[234]|xfs|btrfs|overlay|zfs|f2fs|jfs|reiserfs|vfat|erofs|squashfs)$/;

export function meansFor({ mount, isNoisy, isFull }: Watched): Means {
  if (!mount) return 'rounds';
  const inMemory = isInMemory(mount);
  if (!inMemory && !local.test(mount.fileSystem)) return 'rounds';
  if (!isNoisy && !isFull) return 'events';
  return inMemory ? 'polled-often' : 'polled';
}
