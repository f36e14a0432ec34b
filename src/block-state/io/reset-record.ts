import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errorName } from '../../core/error-name';
import { replaceFile } from '../../os/atomic-file';
import { log } from '../../os/log';
import type { LogPlace } from './qemu-log';
import type { QemuProcess } from '../../hypervisor/process';

/** A tmpfs, and the directory of the locks, which belongs to root. */
const recordDirectory = '/run/migrate-guard';

interface ResetRecord extends LogPlace {
  readonly pid: number;
  readonly startTime: number;
  readonly at: string;
}

/**
 * A verified reset leaves no line in QEMU's log, so without memory the failure before it would count as unresolved for
 * ever. The record has the position in the log up to which all failures of this process are resolved. Where it cannot be
 * written (/run is full), the VM is healthy all the same.
 */
export function recordReset(domain: string, qemu: QemuProcess, place: LogPlace): void {
  const record: ResetRecord = {
    ...place,
    pid: qemu.pid,
    startTime: qemu.startTime,
    at: new Date().toISOString(),
  };
  try {
    mkdirSync(recordDirectory, { recursive: true, mode: 0o700 });
    replaceFile(recordFile(domain), JSON.stringify(record), 0o600);
  } catch (error) {
    log('the reset could not be recorded', { domain, why: errorName(error) });
  }
}

/** `undefined` without a record of exactly this process, written by root. */
export function readResetRecord(
  domain: string,
  qemu: QemuProcess,
): (LogPlace & { readonly at: string }) | undefined {
  try {
    const file = recordFile(domain);
    const { uid, mode } = statSync(file);
    if (uid !== 0 || (mode & 0o022) !== 0) return undefined;
    const { pid, startTime, inode, size, tail, at } = JSON.parse(
      readFileSync(file, 'utf8'),
    ) as Partial<ResetRecord>;
    if (typeof inode !== 'number' || typeof size !== 'number') return undefined;
    if (typeof tail !== 'string' || typeof at !== 'string') return undefined;
    return pid === qemu.pid && startTime === qemu.startTime ? { inode, size, tail, at } : undefined;
  } catch {
    return undefined;
  }
}

function recordFile(domain: string): string {
  return join(recordDirectory, `${encodeURIComponent(domain).replaceAll('.', '%2E')}.reset`);
}
