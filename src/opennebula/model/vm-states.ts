/** A VM's state as oned has it: STATE, and LCM_STATE where that is ACTIVE. */
export interface VmState {
  readonly state: number;
  readonly lcmState: number;
}

/** include/VirtualMachine.h, VmState. */
const active = 3;
const stateNames: readonly (string | undefined)[] = [
  'INIT',
  'PENDING',
  'HOLD',
  'ACTIVE',
  'STOPPED',
  'SUSPENDED',
  'DONE',
  undefined,
  'POWEROFF',
  'UNDEPLOYED',
  'CLONING',
  'CLONING_FAILURE',
];

/**
 * include/VirtualMachine.h, LcmState: the domain is on the host of the newest history record, and stays there. RUNNING,
 * UNKNOWN, HOTPLUG*, DISK_SNAPSHOT*, DISK_RESIZE, BACKUP.
 */
const staying: ReadonlyMap<number, string> = new Map([
  [3, 'RUNNING'],
  [16, 'UNKNOWN'],
  [17, 'HOTPLUG'],
  [24, 'HOTPLUG_SNAPSHOT'],
  [25, 'HOTPLUG_NIC'],
  [26, 'HOTPLUG_SAVEAS'],
  [57, 'DISK_SNAPSHOT'],
  [59, 'DISK_SNAPSHOT_DELETE'],
  [62, 'DISK_RESIZE'],
  [66, 'HOTPLUG_RESIZE'],
  [69, 'BACKUP'],
]);

/** The same, but oned has given up: it treats the VM as not running until an admin recovers it. */
const failed: ReadonlyMap<number, string> = new Map([
  [36, 'BOOT_FAILURE'],
  [37, 'BOOT_MIGRATE_FAILURE'],
  [38, 'PROLOG_MIGRATE_FAILURE'],
  [39, 'PROLOG_FAILURE'],
  [40, 'EPILOG_FAILURE'],
  [41, 'EPILOG_STOP_FAILURE'],
  [42, 'EPILOG_UNDEPLOY_FAILURE'],
  [44, 'PROLOG_MIGRATE_POWEROFF_FAILURE'],
  [46, 'PROLOG_MIGRATE_SUSPEND_FAILURE'],
  [47, 'BOOT_UNDEPLOY_FAILURE'],
  [48, 'BOOT_STOPPED_FAILURE'],
  [49, 'PROLOG_RESUME_FAILURE'],
  [50, 'PROLOG_UNDEPLOY_FAILURE'],
  [61, 'PROLOG_MIGRATE_UNKNOWN_FAILURE'],
]);

/** The domain is still on its host, or may be: MIGRATE, SAVE_*, SHUTDOWN*. */
const leaving: ReadonlyMap<number, string> = new Map([
  [4, 'MIGRATE'],
  [5, 'SAVE_STOP'],
  [6, 'SAVE_SUSPEND'],
  [7, 'SAVE_MIGRATE'],
  [12, 'SHUTDOWN'],
  [18, 'SHUTDOWN_POWEROFF'],
  [29, 'SHUTDOWN_UNDEPLOY'],
]);

/** Whether a domain of the VM is, or may be, on the host of its newest history record. */
export function hasDomain({ state, lcmState }: VmState): boolean {
  return state === active && (staying.has(lcmState) || leaving.has(lcmState));
}

/**
 * Where its QEMU has to be: on the host of the newest history record, or nowhere; or that cannot be said, because
 * oned is about to start, stop or move the VM.
 */
export function expectedQemu({ state, lcmState }: VmState): 'there' | 'none' | 'in-transition' {
  if (state !== active) return stateNames[state] === undefined ? 'in-transition' : 'none';
  if (staying.has(lcmState)) return 'there';
  return failed.has(lcmState) ? 'none' : 'in-transition';
}

/** oned sets these to RUNNING when it finds the domain on that host (LifeCycleStates.cc, trigger_monitor_poweron). */
export function isFoundAgain({ state, lcmState }: VmState): boolean {
  return ['POWEROFF', 'SUSPENDED'].includes(stateNames[state] ?? '') || (state === active && lcmState === 16);
}

/** The state as OpenNebula prints it (VirtualMachine.cc, state_str). */
export function stateName({ state, lcmState }: VmState): string {
  if (state !== active) return stateNames[state] ?? `STATE ${state}`;
  const name = staying.get(lcmState) ?? leaving.get(lcmState) ?? failed.get(lcmState);
  return name ?? `LCM_STATE ${lcmState}`;
}
