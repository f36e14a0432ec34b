import { textOf } from '../../messages';

/**
 * How a QEMU got its guest. libvirt lets every guest arrive from another host with INACTIVE disks (migration
 * capability `late-block-activate`, src/qemu/qemu_migration_params.c, qemuMigrationParamsAlwaysOn), and they stay so until
 * QEMU gets `cont` (migration/migration.c, process_incoming_migration_bh): after `migrate --suspend`, and after a
 * migration of a guest that was paused. After `restore --paused` the disks are INACTIVE in QEMU 10.0 and later, and
 * active in earlier ones, because libvirt does not set that capability there (qemuMigrationDstRun, for a save). Neither
 * libvirt's files nor QEMU before 10.0 show which of the two it was.
 */
export interface GuestOrigin {
  /** It came by a migration, or from a file that it was saved to. */
  readonly cameOver: boolean;
  /**
   * It has run in this process. Then its disks were active at that time: QEMU lets a guest run only after
   * bdrv_activate_all() has succeeded (monitor/qmp-cmds.c, qmp_cont). `false`: nothing shows that it has.
   */
  readonly hasRun: boolean;
}

/** Its disks may be INACTIVE, without a line in any log. `runs`: whether it runs now. */
export function mayWaitForResume({ cameOver, hasRun }: GuestOrigin, runs: boolean): boolean {
  return cameOver && !hasRun && !runs;
}

/** The remedy of a guest that is paused: no reset may start it, and resuming it activates its disks. */
export function resumeOf(domain: string): string {
  return textOf('resume-guest', { domain });
}
