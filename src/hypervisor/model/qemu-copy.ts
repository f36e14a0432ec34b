import type { Domain } from './domain-xml';

/** libvirt's status XML about a domain's QEMU, apart from its disks' details. */
export interface QemuCopy {
  /** libvirt's state: `running`, `paused`, …; missing where it is not known. */
  readonly state?: string;
  /** An incoming migration creates it at this moment: its guest runs on another host. */
  readonly isArriving?: true;
  /** The process that libvirt names does not exist any more. */
  readonly isGone?: true;
  /** The paths of its disks, as libvirt gave them to QEMU. */
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
