import { closeSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import type { Domain } from '../lab/harness';

/** Where the boot sector keeps the drives that the guest writes to; see the harness' guest.ts. */
const maskAt = 0x7df0;
const signatureAt = 0x7dfe;
const counterAt = 0x8000;

/** Tells the guest which of its drives to write to, through its memory. */
export function letGuestWrite(domain: Domain, mask: number): void {
  const memory = openSync(`/proc/${domain.outerPid}/mem`, 'r+');
  try {
    writeSync(memory, Buffer.from([mask]), 0, 1, guestMemory(domain.outerPid) + maskAt);
  } finally {
    closeSync(memory);
  }
}

/** Where, in QEMU's address space, the counter of its guest stands. */
export function counterAddress(pid: number): number {
  return guestMemory(pid) + counterAt;
}

/** Where the guest's physical memory begins: the mapping with our boot sector at its place. */
function guestMemory(pid: number): number {
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  try {
    for (const line of readFileSync(`/proc/${pid}/maps`, 'latin1').split('\n')) {
      const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
      if (from === undefined || to === undefined) continue;
      const start = Number.parseInt(from, 16);
      if (Number.parseInt(to, 16) - start < 16 * 1024 * 1024) continue;
      const signature = Buffer.alloc(2);
      readSync(memory, signature, 0, 2, start + signatureAt);
      if (signature.readUInt16LE(0) === 0xaa55) return start;
    }
  } finally {
    closeSync(memory);
  }
  throw new Error(`process ${pid} has no guest memory with our boot sector`);
}
