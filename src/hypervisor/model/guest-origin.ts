/**
 * How a QEMU came by its guest. libvirt lets every guest arrive from another host with INACTIVE disks (migration
 * capability `late-block-activate`, src/qemu/qemu_migration_params.c, qemuMigrationParamsAlwaysOn), and they stay so until
 * QEMU is told `cont` (migration/migration.c, process_incoming_migration_bh): after `migrate --suspend`, and after a
 * migration of a guest that was paused. Of `restore --paused` QEMU 10.0 and later have INACTIVE disks, too; earlier ones
 * have active ones, for libvirt does not set that capability there (qemuMigrationDstRun, for a save). Neither libvirt's
 * files nor QEMU before 10.0 tell the one from the other.
 */
export interface GuestOrigin {
  /** By a migration, or from a file that one was saved to. */
  readonly cameOver: boolean;
  /**
   * It has run in this process. Then its disks were active at that time: QEMU lets a guest run only after
   * bdrv_activate_all() has succeeded (monitor/qmp-cmds.c, qmp_cont). `false`: nothing shows it.
   */
  readonly hasRun: boolean;
}

/** Its disks may be INACTIVE, without a word in any log. `runs`: whether it runs now. */
export function mayWaitForResume({ cameOver, hasRun }: GuestOrigin, runs: boolean): boolean {
  return cameOver && !hasRun && !runs;
}

/** Said of such a guest; its remedy is {@link resumeOf}. */
export const mayWait =
  'the guest arrived by a migration or a restore, stands still, and nothing shows that it has run here: until it is resumed its disks may be INACTIVE, and a migration, a save or a resize of a disk would abort QEMU';

/** The remedy of a guest that stands still: no reset may start it, and whoever resumes it gives it its disks back. */
export function resumeOf(domain: string): string {
  return `when the guest may run again, and no other host has a copy of it: virsh resume ${domain}`;
}
