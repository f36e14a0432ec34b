import { constants, fstatSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { LogFacts } from '../model/judge';
import { errorName } from '../../core/error-name';
import { readLog, sinceStart, versionAtStart } from '../model/log-signatures';
import { isUnknown, type Unknown } from '../../core/unknown';
import { textOf } from '../../messages';
import { withFile } from '../../os/open-file';
import type { QemuProcess } from '../../hypervisor/process';

/** virtlogd rotates at 2 MiB (max_size of virtlogd.conf). */
const maxLogBytes = 64 * 1024 * 1024;
/** Some lines, which identify a position. */
const tailBytes = 512;
/** Linux reports times to user space in hundredths of a second, on every architecture (USER_HZ). */
const ticksPerSecond = 100;
/** For the time from libvirt's line to QEMU's start, and the precision of `btime`. */
const startToleranceMs = 60_000;

/** A position in a log, where reading starts. */
export interface LogPlace {
  readonly inode: number;
  readonly size: number;
  /** The text right before it, which contains times: the file may have been truncated since, or its inode reused. */
  readonly tail: string;
}

interface LogFile {
  readonly inode: number;
  readonly size: number;
  readonly text: string;
}

/** The present end of the log. */
export function logEnd(directory: string, domain: string): LogPlace | undefined {
  const file = read(join(directory, `${domain}.log`));
  if (isUnknown(file)) return undefined;
  const { inode, size, text } = file;
  return { inode, size, tail: text.slice(-tailBytes) };
}

/** The size of the log; 0 where there is none. */
export function logBytes(directory: string, domain: string): number {
  return statSync(join(directory, `${domain}.log`), { throwIfNoEntry: false })?.size ?? 0;
}

function isStillThere({ inode, size, tail }: LogPlace, log: LogFile): boolean {
  return inode === log.inode && size <= log.size && log.text.slice(0, size).endsWith(tail);
}

/**
 * What QEMU wrote since its process started, or since the position that a verified reset recorded. The start may be in
 * the file that virtlogd rotated away (`NAME.log.0`).
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
    return { ...readLog(current.text.slice(from.size)), since: textOf('since-reset', { time: from.at }) };
  }
  const started = startOf(qemu);
  const rotated = sinceStart(current.text) ? undefined : read(`${file}.0`);
  const all = rotated && !isUnknown(rotated) ? rotated.text + current.text : current.text;
  const found = sinceStart(all);
  const since = textOf('since-start', { time: started?.toISOString() ?? textOf('time-not-known') });
  const { pid } = qemu;
  const gap = !found
    ? textOf('log-gap', { file, pid })
    : !isStartOf(qemu, found.at)
      ? textOf('log-other-start', { file, time: found.at.toISOString(), pid })
      : undefined;
  return { ...readLog(found?.text ?? all), since, ...(gap === undefined ? {} : { gap }) };
}

/** The version of QEMU that libvirt logged when this process started; `undefined` where the log does not reach back. */
export function versionInLog(directory: string, domain: string, qemu: QemuProcess): string | undefined {
  const file = join(directory, `${domain}.log`);
  for (const name of [`${file}.0`, file]) {
    const log = read(name);
    const version = isUnknown(log) ? undefined : versionAtStart(log.text, (at) => isStartOf(qemu, at));
    if (version !== undefined) return version;
  }
  return undefined;
}

function isStartOf(qemu: QemuProcess, at: Date): boolean {
  const started = startOf(qemu);
  return started !== undefined && Math.abs(at.getTime() - started.getTime()) <= startToleranceMs;
}

/** The start of the process, by the system clock. */
function startOf(qemu: QemuProcess): Date | undefined {
  const boot = /^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'latin1'))?.[1];
  return boot === undefined ? undefined : new Date((Number(boot) + qemu.startTime / ticksPerSecond) * 1000);
}

function read(file: string): LogFile | Unknown {
  try {
    return withFile(file, constants.O_RDONLY | constants.O_NONBLOCK, (descriptor) => {
      const { size, ino } = fstatSync(descriptor);
      if (size > maxLogBytes) return { unknown: textOf('log-too-long', { file }) };
      const bytes = Buffer.alloc(size);
      const length = readSync(descriptor, bytes, 0, bytes.length, 0);
      return { inode: ino, size, text: bytes.toString('latin1', 0, length) };
    });
  } catch (error) {
    return { unknown: textOf('log-not-read', { file, error: errorName(error) }) };
  }
}
