import { constants, fstatSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { LogFacts } from '../model/judge';
import { errorName } from '../../core/errors';
import { readLog, sinceStart } from '../model/log-signatures';
import { isUnknown, type Unknown } from '../../core/unknown';
import { withFile } from '../../os/open-file';
import type { QemuProcess } from '../../hypervisor/process';

/** virtlogd rotates at 2 MiB (max_size of virtlogd.conf); more than this is not read. */
const maxLogBytes = 64 * 1024 * 1024;
/** Of a place: some lines. */
const tailBytes = 512;
/** Linux counts in hundredths of a second towards user space, on every architecture (USER_HZ). */
const ticksPerSecond = 100;
/** Between libvirt's line and QEMU's first instruction; and the precision of `btime`. */
const startToleranceMs = 60_000;

/** A place in a log, from where on it is read. */
export interface LogPlace {
  readonly inode: number;
  readonly size: number;
  /** What stands right before it, with times of its own: the file may have been truncated since, or its inode used again. */
  readonly tail: string;
}

interface LogFile {
  readonly inode: number;
  readonly size: number;
  readonly text: string;
}

/** Where the log ends now. */
export function logEnd(directory: string, domain: string): LogPlace | undefined {
  const file = read(join(directory, `${domain}.log`));
  if (isUnknown(file)) return undefined;
  const { inode, size, text } = file;
  return { inode, size, tail: text.slice(-tailBytes) };
}

function isStillThere({ inode, size, tail }: LogPlace, log: LogFile): boolean {
  return inode === log.inode && size <= log.size && log.text.slice(0, size).endsWith(tail);
}

/**
 * What QEMU wrote since its process started, or since a place that a verified reset noted. The beginning may
 * stand in the file that virtlogd rotated away (`NAME.log.0`).
 */
export function readQemuLog(
  directory: string,
  domain: string,
  qemu: QemuProcess,
  from: (LogPlace & { readonly at: string }) | undefined,
): LogFacts | Unknown {
  const file = join(directory, `${domain}.log`);
  const current = read(file);
  if (isUnknown(current)) return current;
  if (from && isStillThere(from, current)) {
    return { ...readLog(current.text.slice(from.size)), since: `the reset of ${from.at}` };
  }
  const started = startOf(qemu);
  const rotated = sinceStart(current.text) ? undefined : read(`${file}.0`);
  const all = rotated && !isUnknown(rotated) ? rotated.text + current.text : current.text;
  const found = sinceStart(all);
  const since = `its start at ${started?.toISOString() ?? 'an unknown time'}`;
  const gap = !found
    ? `${file} does not go back to the start of process ${qemu.pid}`
    : !started || Math.abs(found.at.getTime() - started.getTime()) > startToleranceMs
      ? `the last start in ${file} (${found.at.toISOString()}) is not that of process ${qemu.pid}`
      : undefined;
  return { ...readLog(found?.text ?? all), since, ...(gap === undefined ? {} : { gap }) };
}

/** When the process started, by the clock on the wall. */
function startOf(qemu: QemuProcess): Date | undefined {
  const boot = /^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'latin1'))?.[1];
  return boot === undefined ? undefined : new Date((Number(boot) + qemu.startTime / ticksPerSecond) * 1000);
}

function read(file: string): LogFile | Unknown {
  try {
    return withFile(file, constants.O_RDONLY | constants.O_NONBLOCK, (descriptor) => {
      const { size, ino } = fstatSync(descriptor);
      if (size > maxLogBytes) return { unknown: `QEMU's log ${file} is too long to be read` };
      const bytes = Buffer.alloc(size);
      const length = readSync(descriptor, bytes, 0, bytes.length, 0);
      return { inode: ino, size, text: bytes.toString('latin1', 0, length) };
    });
  } catch (error) {
    return { unknown: `QEMU's log ${file} cannot be read: ${errorName(error)}` };
  }
}
