import type { Unknown } from '../../core/unknown';

/** How long after the end of libvirt's job QEMU had its disks back; or why it was not asked to take them. */
export type Reactivation =
  | {
      readonly milliseconds: number;
      /** The part of it until the destination had no copy of the domain: libvirt there polls its QEMU every 200 ms. */
      readonly destination: number;
    }
  | Unknown;
