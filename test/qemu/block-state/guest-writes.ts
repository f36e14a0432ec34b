import { COUNTER_ADDRESS, type Domain, findGuestMemory, writeByte } from '../../lab/harness';

/** Where the boot sector keeps the drives that the guest writes to; see the harness' guest.ts. */
const maskAt = 0x7df0;

/** Tells the guest which of its drives to write to, through its memory. */
export function letGuestWrite(domain: Domain, mask: number): void {
  writeByte(domain.outerPid, guestMemory(domain.outerPid) + maskAt, mask);
}

/** Where, in QEMU's address space, the counter of its guest stands. */
export function counterAddress(pid: number): number {
  return guestMemory(pid) + COUNTER_ADDRESS;
}

function guestMemory(pid: number): number {
  const start = findGuestMemory(pid);
  if (start === undefined) throw new Error(`process ${pid} has no guest memory with our boot sector`);
  return start;
}
