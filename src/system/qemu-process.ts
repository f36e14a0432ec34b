import { closeSync, constants, openSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { errorName } from '../core/errors';
import type { DeviceEntry, FileEntry } from '../core/entry';
import type { Unknown } from '../core/facts';
import { parseMounts, type Mount } from '../core/mounts';
import { canBeDisk } from '../core/plan';
import { hasMemory, isQemuOf, parseStartTime, parseStatus, type Credentials } from '../core/process-status';
import { toEntry, TreeView } from './view';

/** Why a process cannot be held. */
export interface NotHeld extends Unknown {
  /** It has surely ended, or its number is another's by now. */
  readonly hasEnded: boolean;
}

/**
 * One living QEMU, held by a descriptor of its `/proc/PID` directory: everything read through it is of that
 * very process, or fails with ESRCH; a reused pid can never be mistaken for it (proc(5)).
 */
export class QemuProcess {
  private constructor(
    readonly pid: number,
    private readonly directory: number,
    /** Clock ticks since boot; with the pid it names this process and no other. */
    readonly startTime: number,
  ) {}

  /** The process, or why this pid is not the QEMU of that domain. */
  static open(pid: number, domain: { readonly name: string; readonly uuid: string }): QemuProcess | NotHeld {
    let directory: number;
    try {
      directory = openSync(`/proc/${pid}`, constants.O_RDONLY | constants.O_DIRECTORY);
    } catch (error) {
      const hasEnded = tellsEnd(error);
      return { unknown: hasEnded ? `process ${pid} is gone` : errorName(error), hasEnded };
    }
    try {
      const read = (name: string): string => readFileSync(`/proc/self/fd/${directory}/${name}`, 'utf8');
      const startTime = parseStartTime(read('stat'));
      if (startTime !== undefined && isQemuOf(read('cmdline'), domain)) {
        return new QemuProcess(pid, directory, startTime);
      }
      closeSync(directory);
      return { unknown: `process ${pid} is not the QEMU of ${domain.name}`, hasEnded: true };
    } catch (error) {
      closeSync(directory);
      const hasEnded = tellsEnd(error);
      const what = hasEnded ? 'is gone' : 'cannot be looked at';
      return { unknown: `process ${pid} ${what} (${errorName(error)})`, hasEnded };
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
  view(): TreeView {
    return TreeView.open(`${this.path}/root`);
  }

  /**
   * The devices and regular files that this QEMU holds open, each once. When all that are wanted were found the
   * rest is not looked at: a QEMU with many network queues has hundreds of descriptors.
   */
  openFiles(wanted: readonly (DeviceEntry | FileEntry)[]): (DeviceEntry | FileEntry)[] | Unknown {
    const files = new Map<string, DeviceEntry | FileEntry>();
    const missing = new Set(wanted.map(keyOf));
    const look = (descriptor: string | number): void => {
      const path = `${this.path}/fd/${descriptor}`;
      const stat = statSync(path, { throwIfNoEntry: false });
      const entry = stat && toEntry(stat, path);
      if (!entry || !canBeDisk(entry)) return;
      const key = keyOf(entry);
      files.set(key, entry);
      missing.delete(key);
    };
    try {
      // The kernel takes longer to list the descriptors than to tell of the first ones, among which the disks are.
      for (let first = 0; missing.size > 0 && first < 64; first += 1) look(first);
      if (missing.size > 0 || wanted.length === 0) readdirSync(`${this.path}/fd`).forEach(look);
    } catch (error) {
      return { unknown: `/proc/${this.pid}/fd: ${errorName(error)}` };
    }
    return [...files.values()];
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

  /** The mount namespace, as a path for commands that we run: bound to this very process by our descriptor. */
  get namespaceFile(): string {
    return `/proc/${process.pid}/fd/${this.directory}/ns/mnt`;
  }

  close(): void {
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

function keyOf(entry: DeviceEntry | FileEntry): string {
  return `${entry.kind} ${entry.device} ${'inode' in entry ? entry.inode : ''}`;
}

/** The mount namespace in which this program runs, and which it calls the host's. */
export function hostMountNamespace(): string {
  ownNamespace ??= readlinkSync('/proc/self/ns/mnt');
  return ownNamespace;
}

let ownNamespace: string | undefined;

/** Finds a domain's QEMU among all processes by its command line; for those who may not read libvirt's pid files. */
export function findPid(domain: { readonly name: string; readonly uuid: string }): number | undefined {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .map(Number)
    .find((pid) => {
      try {
        return isQemuOf(readFileSync(`/proc/${pid}/cmdline`, 'utf8'), domain);
      } catch {
        return false;
      }
    });
}
