import type { MessageRow } from './message';

/** Domains, their QEMUs, libvirt, the lock of a VM (src/hypervisor). */
export const hypervisor = {} as const satisfies Readonly<Record<string, MessageRow>>;
