import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  type Stats,
} from 'node:fs';
import {
  canBeDisk,
  type DeviceEntry,
  type Disk,
  type FileEntry,
  type OpenFile,
} from '../file-tree/model/entry';
import { errorName } from '../core/errors';
import type { GuestOrigin } from './model/guest-origin';
import { parseMounts, type Mount } from '../file-tree/model/mounts';
import {
  awaitsGuest,
  hasMemory,
  hasRunGuest,
  isOpenForWriting,
  isQemuOf,
  parseStartTime,
  parseStatus,
  type Credentials,
} from '../os/model/process-status';
import { remedyOf } from '../core/remedy-of';
import type { Unknown } from '../core/unknown';
import { openPath } from '../os/open-file';
import { toEntry, FileTree } from '../file-tree/tree';

/** Why a process cannot be held. */
export interface NotHeld extends Unknown {
  /** It has surely ended, or its number is another's by now. */
  readonly hasEnded: boolean;
  /** It lives in a user namespace of its own, and may have mounted anything anywhere: nothing is done to it. */
  readonly isForeign?: true;
  /** The system's name of the error, where there was one. */
  readonly error?: string;
}

/** What to do about a QEMU that lives in a user namespace of its own. */
export const foreignRemedy =
  'do not trust this VM: its QEMU has left the user namespace that libvirt gave it';

/**
 * One living QEMU, held by a descriptor of its `/proc/PID` directory: everything read through it is of that
 * very process, or fails with ESRCH; a reused pid can never be mistaken for it (proc(5)).
 */
export class QemuProcess {
  private constructor(
    readonly pid: number,
    private readonly directory: number,
    /** Descriptor of its root directory. */
    readonly root: number,
    /** Clock ticks since boot; with the pid it names this process and no other. */
    readonly startTime: number,
    /** As of when it was opened. */
    readonly origin: GuestOrigin,
  ) {}

  /** The process, or why this pid is not the QEMU of that domain. */
  static open(pid: number, domain: { readonly name: string; readonly uuid: string }): QemuProcess | NotHeld {
    let directory: number;
    try {
      directory = openSync(`/proc/${pid}`, constants.O_RDONLY | constants.O_DIRECTORY);
    } catch (error) {
      const hasEnded = tellsEnd(error);
      const unknown = hasEnded ? `process ${pid} is gone` : errorName(error);
      return { unknown, hasEnded, error: errorName(error) };
    }
    try {
      const read = (name: string): string => readFileSync(`/proc/self/fd/${directory}/${name}`, 'utf8');
      const [stat, commandLine] = [read('stat'), read('cmdline')];
      const startTime = parseStartTime(stat);
      if (startTime === undefined || !isQemuOf(commandLine, domain)) {
        closeSync(directory);
        return { unknown: `process ${pid} is not the QEMU of ${domain.name}`, hasEnded: true };
      }
      const root = openSync(`/proc/self/fd/${directory}/root`, openPath | constants.O_DIRECTORY);
      const origin = { cameOver: awaitsGuest(commandLine), hasRun: hasRunGuest(stat) };
      // Only now: who has entered a user namespace never comes back (user_namespaces(7)), so the root is still its first one's.
      if (readlinkSync(`/proc/self/fd/${directory}/ns/user`) === readlinkSync('/proc/self/ns/user'))
        return new QemuProcess(pid, directory, root, startTime, origin);
      closeSync(root);
      closeSync(directory);
      const unknown = `process ${pid}, the QEMU of ${domain.name}, runs in a user namespace of its own`;
      return { unknown, hasEnded: false, isForeign: true };
    } catch (error) {
      closeSync(directory);
      const hasEnded = tellsEnd(error);
      const what = hasEnded ? 'is gone' : 'cannot be looked at';
      return { unknown: `process ${pid} ${what} (${errorName(error)})`, hasEnded, error: errorName(error) };
    }
  }

  /** `undefined` when the process is gone. */
  credentials(): Credentials | undefined {
    return parseStatus(this.read('status'));
  }

  mounts(): Mount[] {
    return parseMounts(this.read('mountinfo'));
  }

  /** `mnt:[4026531841]`: equal for processes that share a mount namespace. */
  mountNamespace(): string {
    return readlinkSync(`${this.path}/ns/mnt`);
  }

  /** QEMU's own view; the caller closes it. */
  view(): FileTree {
    return FileTree.open(`/proc/self/fd/${this.root}`);
  }

  /**
   * The devices and regular files that this QEMU holds open, each once. When all that are wanted were found the
   * rest is not looked at: a QEMU with many network queues has hundreds of descriptors. `mayLook`: whether a look at
   * the file that was opened by this path would come back. `modes`: of what is wanted, also whether it is open for
   * writing; then all descriptors are looked at, as the one that is may come last.
   */
  openFiles(
    wanted: readonly Disk[],
    mayLook: (path: string) => boolean,
    modes: boolean,
  ): OpenFile[] | Unknown {
    const files = new Map<string, OpenFile>();
    const missing = new Set(wanted.map(keyOf));
    const whose = modes ? new Set(missing) : undefined;
    const look = (descriptor: string | number): void => {
      const path = `${this.path}/fd/${descriptor}`;
      const opened = linkOf(path);
      if (opened?.startsWith('/') !== true || !mayLook(opened)) return;
      const stat = statSync(path, { throwIfNoEntry: false });
      const found = stat && toEntry(stat, path);
      if (!found || !canBeDisk(found)) return;
      const key = keyOf(found);
      const entry = { ...found, ...lostBy(found, stat, opened, Number(descriptor)) };
      missing.delete(key);
      files.set(key, whose?.has(key) ? this.withMode(entry, descriptor, files.get(key)) : entry);
    };
    try {
      // The kernel takes longer to list the descriptors than to tell of the first ones, among which the disks are.
      for (let first = 0; !modes && missing.size > 0 && first < 64; first += 1) look(first);
      if (modes || missing.size > 0 || wanted.length === 0) readdirSync(`${this.path}/fd`).forEach(look);
    } catch (error) {
      const path = `/proc/${this.pid}/fd`;
      return {
        unknown: `${path}: ${errorName(error)}`,
        remedy: remedyOf(error, path, { otherwise: 'run again' }),
      };
    }
    return [...files.values()];
  }

  /** `other`: the same file by another descriptor. One that is open for writing is enough, and else one of which nothing is known. */
  private withMode(entry: Disk, descriptor: string | number, other: OpenFile | undefined): OpenFile {
    const before = other?.writable ?? false;
    const its = before === true || this.isWritable(descriptor);
    return { ...entry, writable: its === false ? before : its };
  }

  private isWritable(descriptor: string | number): boolean | Unknown {
    const name = `fdinfo/${descriptor}`;
    const path = `/proc/${this.pid}/${name}`;
    try {
      return isOpenForWriting(this.read(name)) ?? { unknown: `${path} does not tell how it is open` };
    } catch (error) {
      // Also when it was closed meanwhile: QEMU may just be opening that file in another way.
      const remedy = remedyOf(error, path, { otherwise: 'run again' });
      return { unknown: `${path}: ${errorName(error)}`, remedy };
    }
  }

  /**
   * Still the same process, and not one whose namespace is already taken apart: its memory goes first (do_exit()).
   * Unknown when that cannot be read.
   */
  isAlive(): boolean | Unknown {
    try {
      const stat = this.read('stat');
      return parseStartTime(stat) === this.startTime && hasMemory(stat);
    } catch (error) {
      return tellsEnd(error) ? false : { unknown: errorName(error) };
    }
  }

  close(): void {
    closeSync(this.root);
    closeSync(this.directory);
  }

  /** Its `/proc/PID`, as a path of this program: bound to this very process by our descriptor. */
  get path(): string {
    return `/proc/self/fd/${this.directory}`;
  }

  private read(name: string): string {
    return readFileSync(`${this.path}/${name}`, 'utf8');
  }
}

/** Of a `/proc/PID`, or what is in it: any other error (EMFILE) is ours, and says nothing of the process. */
function tellsEnd(error: unknown): boolean {
  return ['ENOENT', 'ESRCH'].includes(errorName(error));
}

/** Where a descriptor's link points, which asks no file system; `undefined` when there is no such descriptor. */
function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (errorName(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** What makes of an open disk the last hold on it: its file was deleted or replaced, or its device has been taken away. */
function lostBy(
  { kind, device }: Disk,
  { nlink }: Stats,
  opened: string,
  descriptor: number,
): Pick<FileEntry, 'deleted'> | Pick<DeviceEntry, 'gone'> {
  if (kind === 'file')
    return nlink > 0 ? {} : { deleted: { path: opened.replace(/ \(deleted\)$/, ''), descriptor } };
  const isGone = kind === 'block' && existsSync(blockDevices) && !existsSync(`${blockDevices}/${device}`);
  return isGone ? { gone: true } : {};
}

/** A link for each block device that the kernel has (Documentation/ABI/testing/sysfs-dev). */
const blockDevices = '/sys/dev/block';

function keyOf(entry: Disk): string {
  return `${entry.kind} ${entry.device} ${'inode' in entry ? entry.inode : ''}`;
}

/** Whether there is no process of that number any more. */
export function isGone(pid: number): boolean {
  return !existsSync(`/proc/${pid}`);
}

/** The mount namespace in which this program runs, and which it calls the host's. */
export function hostMountNamespace(): string {
  ownNamespace ??= readlinkSync('/proc/self/ns/mnt');
  return ownNamespace;
}

let ownNamespace: string | undefined;
