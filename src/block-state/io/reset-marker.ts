import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errorName } from '../../core/errors';
import { exchange } from '../../os/fresh-file';
import { log } from '../../os/log';
import type { LogPlace } from './qemu-log';
import type { QemuProcess } from '../../hypervisor/process';

/** Beside the locks: on a tmpfs, root's own. */
const noteDirectory = '/run/migrate-guard';

interface Note extends LogPlace {
  readonly pid: number;
  readonly startTime: number;
  readonly at: string;
}

/**
 * A reset that was verified leaves no line in QEMU's log, so the failure before it would be held against QEMU
 * for ever where memory cannot be read. The note says up to which place of the log all is settled, for this
 * very process. Where it cannot be written (/run is full) the VM is healed all the same, and only that is lost.
 */
export function noteReset(domain: string, qemu: QemuProcess, place: LogPlace): void {
  const note: Note = { ...place, pid: qemu.pid, startTime: qemu.startTime, at: new Date().toISOString() };
  try {
    mkdirSync(noteDirectory, { recursive: true, mode: 0o700 });
    exchange(noteFile(domain), JSON.stringify(note), 0o600);
  } catch (error) {
    log('the reset could not be noted', { domain, why: errorName(error) });
  }
}

/** `undefined` without a note of this very process, written by root. */
export function readResetNote(
  domain: string,
  qemu: QemuProcess,
): (LogPlace & { readonly at: string }) | undefined {
  try {
    const file = noteFile(domain);
    const { uid, mode } = statSync(file);
    if (uid !== 0 || (mode & 0o022) !== 0) return undefined;
    const { pid, startTime, inode, size, tail, at } = JSON.parse(readFileSync(file, 'utf8')) as Partial<Note>;
    if (typeof inode !== 'number' || typeof size !== 'number') return undefined;
    if (typeof tail !== 'string' || typeof at !== 'string') return undefined;
    return pid === qemu.pid && startTime === qemu.startTime ? { inode, size, tail, at } : undefined;
  } catch {
    return undefined;
  }
}

function noteFile(domain: string): string {
  return join(noteDirectory, `${encodeURIComponent(domain).replaceAll('.', '%2E')}.reset`);
}
