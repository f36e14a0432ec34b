import type { Domain } from './domain-xml';

/** What libvirt's status XML tells of a domain's QEMU, beside how its disks are. */
export interface QemuCopy {
  /** libvirt's state: `running`, `paused`, …; missing where it is not known. */
  readonly state?: string;
  /** A migration brings it at this moment: its guest runs elsewhere. */
  readonly isArriving?: true;
  /** libvirt names a process that there is no more. */
  readonly isGone?: true;
  /** Of its disks, as libvirt gave them to QEMU. */
  readonly paths: readonly string[];
}

/** @param isAlive whether its process is there */
export function copyOf({ state, job, sources }: Domain, isAlive: boolean): QemuCopy {
  return {
    ...(state === undefined ? {} : { state }),
    // src/conf/virdomainjob.c, virDomainAsyncJob
    ...(job === 'migration in' ? { isArriving: true as const } : {}),
    ...(isAlive ? {} : { isGone: true as const }),
    paths: sources.flatMap(({ role, path }) => (role === 'disk' ? [path] : [])),
  };
}
