import { failureOf, type Failure } from '../../core/errors';
import type { HistoryRecord, VmEvent } from './vm-event';

/** include/VirtualMachine.h */
const active = 3;
const lcm = { running: 3, migrate: 4 } as const;
/** include/VMActions.h; a cold migration has 1, 48 or 49. */
const liveMigrate = 2;

/** In which states OpenNebula starts each hook: those of hooks/*.tmpl. */
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
  /** Of the newest record: it tells whether the VM is still where the event left it. */
  readonly seq: number;
  /** The live migration before this one failed, too, and went to the same host. */
  readonly isSecond: boolean;
}

export function isFiredBy(name: HookName, { state, lcmState }: VmEvent): boolean {
  return state === hookStates[name].state && lcmState === hookStates[name].lcmState;
}

/** Only live migrations have the LCM state MIGRATE, and then the newest record is the destination's. */
export function migrationUnderWay(event: VmEvent): LiveMigration | Failure {
  if (!isFiredBy('pre-migrate', event)) return notIn('pre-migrate', event);
  const [source, destination] = event.history.slice(-2);
  if (!source || !destination) return failureOf('problem', 'its history names no source and no destination');
  return { source: source.hostname, destination: destination.hostname };
}

/**
 * The live migration that has just failed; or why this is none. There are many ways back to RUNNING, and
 * most have nothing to do with migrations.
 */
export function failedMigration(event: VmEvent): FailedMigration | Failure {
  if (!isFiredBy('post-failure', event)) return notIn('post-failure', event);
  // An event tells what was before. What `onevm show` prints never does: there both are the same.
  const isEvent = event.prevState !== event.state || event.prevLcmState !== event.lcmState;
  if (isEvent && (event.prevState !== active || event.prevLcmState !== lcm.migrate)) {
    return failureOf('problem', 'it did not come from a live migration');
  }
  const [source, failed, now] = event.history.slice(-3);
  if (!source || !failed || !now || !isReverted(source, failed, now)) {
    return failureOf('problem', 'its history shows no live migration that has just failed');
  }
  if (now.etime !== 0) return failureOf('problem', 'it has left the source since');
  const before = event.history.slice(-5, -2);
  const [, earlier] = before;
  const isSecond =
    before.length === 3 && isReverted(...(before as [never, never, never])) && earlier?.hid === failed.hid;
  return { source: now.hostname, destination: failed.hostname, seq: now.seq, isSecond };
}

/**
 * OpenNebula's mark of a live migration that was reverted (LifeCycleStates.cc, revert_migrate_after_failure; in 6.x
 * trigger_deploy_failure): one moment ends the stay on the source and the one on the destination, and begins another on
 * the source. On the destination the VM never began to run. Where a VM went there and back, it did (RSTIME).
 */
function isReverted(source: HistoryRecord, failed: HistoryRecord, now: HistoryRecord): boolean {
  return (
    failed.seq === source.seq + 1 &&
    now.seq === failed.seq + 1 &&
    now.hid === source.hid &&
    failed.hid !== source.hid &&
    source.action === liveMigrate &&
    failed.rstime === 0 &&
    now.stime > 0 &&
    source.etime === now.stime &&
    failed.etime === now.stime &&
    now.rstime === now.stime
  );
}

function notIn(name: HookName, { state, lcmState }: VmEvent): Failure {
  const what = `it is in STATE ${state} and LCM_STATE ${lcmState}, and this hook is for ${hookStates[name].words}`;
  return failureOf('problem', what);
}
