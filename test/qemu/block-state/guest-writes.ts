import { COUNTER_ADDRESS, type Domain, findGuestMemory, writeByte } from '../../lab/harness';

/** The address at which the boot sector keeps the drives to which the guest writes; see the harness' guest.ts. */
const maskAt = 0x7df0;

/** Sets the drives to which the guest writes, through its memory. */
export function letGuestWrite(domain: Domain, mask: number): void {
  writeByte(domain.outerPid, guestMemory(domain.outerPid) + maskAt, mask);
}

/** The address of the guest's counter in QEMU's address space. */
export function counterAddress(pid: number): number {
  return guestMemory(pid) + COUNTER_ADDRESS;
}

function guestMemory(pid: number): number {
  const start = findGuestMemory(pid);
  if (start === undefined) throw new Error(`process ${pid} has no guest memory with our boot sector`);
  return start;
}
