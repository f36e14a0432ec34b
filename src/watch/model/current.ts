import type { WatchState, WrittenVm } from './state';

/** A VM that is safe, as far as the watcher knows. */
export type FoundSafe = WrittenVm & { readonly uuid: string; readonly pid: number };

/** So long the last look counts where some directories are only looked at now and then, in seconds. */
const unnoticedSeconds = 60;

/** Whether changes on the host and libvirt's are noticed, by a watcher that judges as this program does. */
export function noticesAll({ version, mounts, libvirt, logs }: WatchState, ours: string): boolean {
  return version === ours && mounts && libvirt && logs;
}

/**
 * Whether a VM was safe at its last look, and the watcher has noticed no change since. All others are few, and are checked:
 * not each step that ends their trouble is noticed, such as a repair in QEMU's own `/dev`.
 */
export function isCurrent(
  vm: WrittenVm,
  { directories }: WatchState,
  { now, interval }: { readonly now: number; readonly interval: number },
): vm is FoundSafe {
  if (vm.pending || vm.uuid === undefined || vm.pid === null) return false;
  if (vm.verdict !== 'safe' || vm.blockState !== 'healthy') return false;
  const age = now - vm.time;
  // After the clock was set back, nothing is known of what lies ahead.
  return age >= 0 && age <= (directories.rounds > 0 ? unnoticedSeconds : 2 * interval);
}
