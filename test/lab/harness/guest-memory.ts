import { closeSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';

// A guest's memory is read and written through its QEMU's: at once, without another process and without libvirt.

const bootSectorAt = 0x7c00;
/** The first bytes of all of our boot sectors; see guest.ts, timed-guest.ts, write-pattern-guest.ts. */
const beginning = Buffer.from('fafc31c08ed8', 'hex');
const smallestMemoryBytes = 16 * 1024 * 1024;

/**
 * The start of the guest's physical memory in QEMU's address space; `undefined` until the guest has loaded our boot
 * sector.
 */
export function findGuestMemory(pid: number): number | undefined {
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  try {
    for (const line of readFileSync(`/proc/${pid}/maps`, 'latin1').split('\n')) {
      const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
      if (from === undefined || to === undefined) continue;
      const start = Number.parseInt(from, 16);
      if (Number.parseInt(to, 16) - start < smallestMemoryBytes) continue;
      const found = Buffer.alloc(beginning.length);
      readSync(memory, found, 0, found.length, start + bootSectorAt);
      if (found.equals(beginning)) return start;
    }
    return undefined;
  } finally {
    closeSync(memory);
  }
}

/** @param address in QEMU's address space */
export function readWord(pid: number, address: number): number {
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  try {
    const word = Buffer.alloc(4);
    readSync(memory, word, 0, word.length, address);
    return word.readInt32LE(0);
  } finally {
    closeSync(memory);
  }
}

/** @param address in QEMU's address space */
export function writeByte(pid: number, address: number, value: number): void {
  const memory = openSync(`/proc/${pid}/mem`, 'r+');
  try {
    writeSync(memory, Buffer.from([value]), 0, 1, address);
  } finally {
    closeSync(memory);
  }
}
