import { failureOf, isFailure, type Failure } from '../../core/errors';
import type { HistoryRecord, VmEvent } from './vm-event';
import { message } from '../../messages';

/** include/VirtualMachine.h */
const active = 3;
const lcm = { running: 3, migrate: 4, saveStop: 5, saveSuspend: 6, saveMigrate: 7 } as const;
/** include/VMActions.h; cold migrations that end the guest instead of saving it have 48 and 49. */
const actions = { coldMigrate: 1, liveMigrate: 2 } as const;

/** States in which QEMU was to hand over its disks, and from which a failure leads back to RUNNING. */
const statesThatMayFail: readonly number[] = [lcm.migrate, lcm.saveStop, lcm.saveSuspend, lcm.saveMigrate];

/** The states in which OpenNebula starts each hook, as in hooks/*.tmpl. */
export const hookStates = {
  'pre-migrate': { state: active, lcmState: lcm.migrate, words: 'STATE ACTIVE and LCM_STATE MIGRATE' },
  'post-failure': { state: active, lcmState: lcm.running, words: 'STATE ACTIVE and LCM_STATE RUNNING' },
} as const;

export type HookName = keyof typeof hookStates;

export interface LiveMigration {
  readonly source: string;
  readonly destination: string;
}

export interface FailedMigration extends LiveMigration {
  /** The newest record's sequence number: it shows whether the VM is still where the event left it. */
  readonly seq: number;
  /** The live migration before this one failed, too, and had the same destination. */
  readonly isSecond: boolean;
}

/** A suspend, stop or cold migration that failed. No other host has a copy of the VM: it was saved to a file. */
export interface FailedSave {
  readonly source: string;
  readonly destination?: undefined;
  /** The newest record's sequence number, as above. */
  readonly seq: number;
}

export function isFiredBy(name: HookName, { state, lcmState }: VmEvent): boolean {
  return state === hookStates[name].state && lcmState === hookStates[name].lcmState;
}

/** Only live migrations have the LCM state MIGRATE, and then the newest record is the destination's. */
export function migrationUnderWay(event: VmEvent): LiveMigration | Failure {
  if (!isFiredBy('pre-migrate', event)) return notIn('pre-migrate', event);
  const [source, destination] = event.history.slice(-2);
  if (!source || !destination) return failureOf('problem', message('no-move-in-history'));
  return { source: source.hostname, destination: destination.hostname };
}

/**
 * The live migration or save that has just failed, or the reason why there is none. Many transitions lead back to
 * RUNNING, and most have nothing to do with either.
 */
export function failedMove(event: VmEvent): FailedMigration | FailedSave | Failure {
  if (!isFiredBy('post-failure', event)) return notIn('post-failure', event);
  const before = lcmStateBefore(event);
  if (before !== undefined && !statesThatMayFail.includes(before))
    return failureOf('problem', message('came-from-elsewhere'));
  if (before === lcm.saveStop || before === lcm.saveSuspend) {
    // The record stays open, without its action (LifeCycleStates.cc, trigger_save_failure).
    const now = event.history.at(-1);
    if (now && now.seq >= 0) return unlessEnded(now, stayIn(now));
    return failureOf('problem', message('no-host-in-history'));
  }
  const migration = before === lcm.saveMigrate ? undefined : lastReverted(event.history, actions.liveMigrate);
  if (migration) {
    const { failed, now } = migration;
    const isSecond = lastReverted(event.history.slice(0, -2), actions.liveMigrate)?.failed.hid === failed.hid;
    return unlessEnded(now, { ...stayIn(now), destination: failed.hostname, isSecond });
  }
  const save = before === lcm.migrate ? undefined : lastReverted(event.history, actions.coldMigrate);
  if (save) return unlessEnded(save.now, stayIn(save.now));
  return failureOf('problem', message('no-failure-in-history'));
}

/** The live migration that has just failed, or the reason why there is none. */
export function failedMigration(event: VmEvent): FailedMigration | Failure {
  const failed = failedMove(event);
  if (isFailure(failed) || failed.destination !== undefined) return failed;
  return failureOf('problem', message('save-failed-last'));
}

/** The same from `onevm show`, whose present output may show nothing of that save. */
export function failedSaveNow(now: VmEvent, save: FailedSave): FailedSave | Failure {
  if (!isFiredBy('post-failure', now)) return notIn('post-failure', now);
  const newest = now.history.at(-1);
  if (newest?.seq !== save.seq) return failureOf('problem', message('newer-record'));
  return unlessEnded(newest, save);
}

/**
 * The state of an event. `onevm show` does not have it: there both states are the same (VirtualMachinePool.cc,
 * update).
 */
function lcmStateBefore({ state, lcmState, prevState, prevLcmState }: VmEvent): number | undefined {
  if (prevState === state && prevLcmState === lcmState) return undefined;
  return prevState === active ? prevLcmState : Number.NaN;
}

function stayIn({ hostname, seq }: HistoryRecord): FailedSave {
  return { source: hostname, seq };
}

function unlessEnded<Failed>({ etime }: HistoryRecord, failed: Failed): Failed | Failure {
  return etime === 0 ? failed : failureOf('problem', message('left-source-since'));
}

/**
 * OpenNebula's trace of a reverted migration (LifeCycleStates.cc, revert_migrate_after_failure; in 6.x
 * trigger_deploy_failure where it was live): the stay on the source and the one on the destination end at the same
 * second, and another stay on the source starts. The VM never ran on the destination; a VM that went there and back
 * did (RSTIME). A live migration that stays on its host only changes the datastore (OpenNebula 7): QEMU hands over no
 * disk, so there is nothing to heal.
 */
function lastReverted(
  history: readonly HistoryRecord[],
  action: number,
): { readonly failed: HistoryRecord; readonly now: HistoryRecord } | undefined {
  const [source, failed, now] = history.slice(-3);
  if (!source || !failed || !now) return undefined;
  const isReverted =
    failed.seq === source.seq + 1 &&
    now.seq === failed.seq + 1 &&
    now.hid === source.hid &&
    (failed.hid !== source.hid || action === actions.coldMigrate) &&
    source.action === action &&
    failed.rstime === 0 &&
    now.stime > 0 &&
    source.etime === now.stime &&
    failed.etime === now.stime &&
    now.rstime === now.stime;
  return isReverted ? { failed, now } : undefined;
}

function notIn(name: HookName, { state, lcmState }: VmEvent): Failure {
  const { words: states } = hookStates[name];
  return failureOf('problem', message('not-in-hook-state', { state, lcmState, states }));
}
