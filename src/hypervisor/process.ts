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
import { errorName } from '../core/error-name';
import type { GuestOrigin } from './model/guest-origin';
import { startNodesOf } from './model/start-nodes';
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
import { isUnknown, unknownOf, type Unknown } from '../core/unknown';
import { message } from '../messages';
import { isDeviceGone } from '../os/block-device';
import { openPath } from '../os/open-file';
import { toEntry, FileTree } from '../file-tree/tree';

/** Why a process cannot be held. */
export interface NotHeld extends Unknown {
  /** It has surely ended; its pid may be another process's now. */
  readonly hasEnded: boolean;
  /** It lives in a user namespace of its own, and may have mounted anything anywhere: it must not be acted on. */
  readonly isForeign?: true;
  /** The system's name of the error, where there was one. */
  readonly error?: string;
}

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
      return notRead(error, pid, domain.name);
    }
    try {
      const read = (name: string): string => readFileSync(`/proc/self/fd/${directory}/${name}`, 'utf8');
      const [stat, commandLine] = [read('stat'), read('cmdline')];
      const startTime = parseStartTime(stat);
      if (startTime === undefined || !isQemuOf(commandLine, domain)) {
        closeSync(directory);
        return { ...unknownOf(message('process-is-another', { pid, domain: domain.name })), hasEnded: true };
      }
      const root = openSync(`/proc/self/fd/${directory}/root`, openPath | constants.O_DIRECTORY);
      const origin = { cameOver: awaitsGuest(commandLine), hasRun: hasRunGuest(stat) };
      // After the root was opened: a process that has left a user namespace cannot return to it (user_namespaces(7)), so
      // the root is of the time before it could leave.
      if (readlinkSync(`/proc/self/fd/${directory}/ns/user`) === readlinkSync('/proc/self/ns/user'))
        return new QemuProcess(pid, directory, root, startTime, origin);
      closeSync(root);
      closeSync(directory);
      const reason = message('foreign-namespace', { pid, domain: domain.name });
      return { ...unknownOf(reason), hasEnded: false, isForeign: true };
    } catch (error) {
      closeSync(directory);
      return notRead(error, pid, domain.name);
    }
  }

  /** `undefined` when the process has ended. */
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

  /** See {@link startNodesOf}. */
  startNodes(): ReadonlyMap<string, boolean> {
    return startNodesOf(this.read('cmdline'));
  }

  /** The program that it runs, as the kernel names it; `undefined` when the process has ended. */
  program(): string | undefined {
    try {
      return readlinkSync(`${this.path}/exe`);
    } catch (error) {
      if (meansEnded(error)) return undefined;
      throw error;
    }
  }

  /** QEMU's own view; the caller closes it. */
  view(): FileTree {
    return FileTree.open(`/proc/self/fd/${this.root}`);
  }

  /**
   * The devices and regular files that this QEMU holds open, each once. It stops when all that are wanted were found: a
   * QEMU with many network queues has hundreds of descriptors. `mayLook`: whether a look at the file that was opened by
   * this path cannot hang. `modes`: of what is wanted, also whether it is open for writing; then all descriptors are
   * read, because the writable one may come last.
   */
  openFiles(
    wanted: readonly Disk[],
    mayLook: (path: string) => boolean,
    modes: boolean,
  ): OpenFile[] | Unknown {
    const files = new Map<string, OpenFile>();
    const missing = new Set(wanted.map(keyOf));
    const withModes = modes ? new Set(missing) : undefined;
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
      files.set(key, withModes?.has(key) ? this.withMode(entry, descriptor, files.get(key)) : entry);
    };
    try {
      // The disks are among the first descriptors, and the kernel takes longer to list all than to resolve those.
      for (let first = 0; !modes && missing.size > 0 && first < 64; first += 1) look(first);
      if (modes || missing.size > 0 || wanted.length === 0) readdirSync(`${this.path}/fd`).forEach(look);
    } catch (error) {
      const path = `/proc/${this.pid}/fd`;
      return procNotRead(path, error);
    }
    return [...files.values()];
  }

  /** The targets of all descriptors, by their numbers; no file system is asked. */
  descriptors(): ReadonlyMap<string, string> | Unknown {
    try {
      return new Map(
        readdirSync(`${this.path}/fd`).flatMap((number) => {
          const target = linkOf(`${this.path}/fd/${number}`);
          return target === undefined ? [] : [[number, target]];
        }),
      );
    } catch (error) {
      return procNotRead(`/proc/${this.pid}/fd`, error);
    }
  }

  /** The disks of the descriptors that are new since then. `mayLook`: as for {@link openFiles}. */
  openedSince(before: ReadonlyMap<string, string>, mayLook: (path: string) => boolean): Disk[] | Unknown {
    const now = this.descriptors();
    if (isUnknown(now)) return now;
    try {
      return [...now].flatMap(([number, target]) => {
        if (before.get(number) === target || !target.startsWith('/') || !mayLook(target)) return [];
        const path = `${this.path}/fd/${number}`;
        const stat = statSync(path, { throwIfNoEntry: false });
        const found = stat && toEntry(stat, path);
        return found && canBeDisk(found) ? [found] : [];
      });
    } catch (error) {
      return procNotRead(`/proc/${this.pid}/fd`, error);
    }
  }

  /** `other`: the same file by another descriptor. A writable descriptor decides; else one whose mode is unknown. */
  private withMode(entry: Disk, descriptor: string | number, other: OpenFile | undefined): OpenFile {
    const before = other?.writable ?? false;
    const writable = before === true || this.isWritable(descriptor);
    return { ...entry, writable: writable === false ? before : writable };
  }

  private isWritable(descriptor: string | number): boolean | Unknown {
    const name = `fdinfo/${descriptor}`;
    const path = `/proc/${this.pid}/${name}`;
    try {
      return isOpenForWriting(this.read(name)) ?? unknownOf(message('open-mode-missing', { path }));
    } catch (error) {
      // Also when it was closed meanwhile: QEMU may just be opening that file in another way.
      return procNotRead(path, error);
    }
  }

  /**
   * Whether it is still the same process, and its namespace is still whole: a process loses its memory first (do_exit()).
   */
  isAlive(): boolean | Unknown {
    try {
      const stat = this.read('stat');
      return parseStartTime(stat) === this.startTime && hasMemory(stat);
    } catch (error) {
      return meansEnded(error) ? false : { unknown: errorName(error) };
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

function notRead(error: unknown, pid: number, domain: string): NotHeld {
  const hasEnded = meansEnded(error);
  const reason = hasEnded
    ? message('process-gone', { pid, domain })
    : message('process-not-read', { pid, error: errorName(error) });
  return { ...unknownOf(reason), hasEnded, error: errorName(error) };
}

function procNotRead(path: string, error: unknown): Unknown {
  const reason = message('proc-not-read', { path, error: errorName(error) });
  return unknownOf({ ...reason, remedy: remedyOf(error, path, { otherwise: reason.remedy }) });
}

/** Of a read in `/proc/PID`: any other error (EMFILE) is of this process, and does not mean that the other has ended. */
function meansEnded(error: unknown): boolean {
  return ['ENOENT', 'ESRCH'].includes(errorName(error));
}

/** The target of a descriptor's link, which is read without asking a file system; `undefined` when there is no such descriptor. */
function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (errorName(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Set where an open descriptor is all that is left of a disk: its file was deleted or replaced, or its device is gone. */
function lostBy(
  { kind, device }: Disk,
  { nlink }: Stats,
  opened: string,
  descriptor: number,
): Pick<FileEntry, 'deleted'> | Pick<DeviceEntry, 'gone'> {
  if (kind === 'file')
    return nlink > 0 ? {} : { deleted: { path: opened.replace(/ \(deleted\)$/, ''), descriptor } };
  return kind === 'block' && isDeviceGone(device) ? { gone: true } : {};
}

function keyOf(entry: Disk): string {
  return `${entry.kind} ${entry.device} ${'inode' in entry ? entry.inode : ''}`;
}

/** Whether there is no process of that number any more. */
export function isPidGone(pid: number): boolean {
  return !existsSync(`/proc/${pid}`);
}

/** The mount namespace in which this program runs, which it treats as the host's. */
export function hostMountNamespace(): string {
  ownNamespace ??= readlinkSync('/proc/self/ns/mnt');
  return ownNamespace;
}

let ownNamespace: string | undefined;
