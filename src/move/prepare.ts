import type { DomainReport } from '../core/finding';
import type { Unsafe } from './model/move-states';
import { checkDomain } from '../disk-paths/deep-check';
import type { Destination } from '../destination/destination';
import type { MoveSession } from './session';
import type { Ending } from './move-report';
import { inspectDomain } from '../block-state/inspect';
import { repairExit, repairLocked } from '../disk-paths/repair';
import { resetLocked } from '../block-state/reset';
import { resetResults } from '../block-state/reset-report';

/**
 * Check, repair, and reset what an earlier failure left. Gives the refusal when it cannot be made safe.
 * `lastDestination`: see {@link resetLeftoverState}.
 */
export async function prepareForMove(
  session: MoveSession,
  lastDestination: Destination | undefined,
): Promise<Ending<Unsafe> | undefined> {
  // The check has looked at QEMU, too, but the destination may have kept it waiting for seconds since, and who moves a
  // domain without a guard takes no lock: a move of what was left half-inactive meanwhile would kill it.
  return (await preparePaths(session)) ?? resetLeftoverState(session, lastDestination);
}

/** Check and repair. Gives the refusal when a path cannot be made safe. */
export async function preparePaths(session: MoveSession): Promise<Ending<Unsafe> | undefined> {
  const { settings, checkDestination = true, dryRun = false } = session.options;
  const destination = checkDestination ? session.destination : undefined;
  const { domain, virsh } = session;
  const checked = await checkDomain(domain, { settings, deep: true, destination, virsh });
  const unsafe = refusalAfterCheck(session, checked);
  if (unsafe) return unsafe;
  if (checked.plan.length > 0) {
    if (!dryRun) session.options.begins?.();
    const repaired = await repairLocked(domain, dryRun);
    const problem = repaired.findings.findLast(({ state }) => state !== 'ok');
    if (repairExit(repaired) !== 'ok') {
      return { result: 'failed', what: problem?.what ?? 'the repair failed', remedy: problem?.remedy };
    }
    const paths = repaired.plan.map(({ path }) => path).join(', ');
    session.say('repair', `${paths} ${dryRun ? 'would be made' : 'made'} in QEMU's mount namespace`);
  }
  return undefined;
}

function refusalAfterCheck(session: MoveSession, { findings }: DomainReport): Ending<Unsafe> | undefined {
  const bad = findings.filter(({ state }) => state !== 'ok');
  // A destination that cannot be asked harms nobody: the mover will tell, before any disk is given up.
  // And what an earlier failure left in QEMU is healed next.
  const stopping = bad.filter(
    ({ check, state }) => !(check === 'destination' && state === 'unknown') && check !== 'block-state',
  );
  for (const { what } of bad.filter(({ check, state }) => check === 'destination' && state === 'unknown')) {
    session.say('check', what);
  }
  const reasons = stopping.filter(({ plan }) => plan === undefined);
  // A wrong volume is the reason; that its path is also missing somewhere is not.
  const first = reasons.find(({ check }) => check === 'disk-device') ?? reasons[0];
  if (!first) return undefined;
  const disk = first.disk === undefined ? '' : `${first.disk} ${first.path ?? ''}: `;
  const result = first.state === 'problem' ? 'refused' : 'undecided';
  return { result, what: `${disk}${first.what}`, remedy: first.remedy };
}

/**
 * Gives the refusal when QEMU does not have its disks back. `lastDestination`: where the last migration went, as far as
 * this run knows, since a copy of the domain may be left there; where it goes next says nothing of that.
 */
export async function resetLeftoverState(
  session: MoveSession,
  lastDestination: Destination | undefined,
): Promise<Ending<Unsafe> | undefined> {
  const { domain } = session;
  const { settings, dryRun = false } = session.options;
  const inspected = await inspectDomain(domain, settings, session.virsh);
  session.blockState = inspected.blockState;
  if (inspected.blockState === 'healthy') return undefined;
  if (!dryRun) session.options.begins?.();
  const options = { settings, strategy: 'auto', dryRun, destination: lastDestination } as const;
  const { result, what, remedy, blockState } = await resetLocked(domain, options);
  session.blockState = blockState;
  const end = resetResults[result];
  if (end !== 'ok') return { result: end === 'problem' || end === 'busy' ? 'refused' : end, what, remedy };
  session.say('reset', `an earlier migration failed (block state ${inspected.blockState}); ${what}`);
  return undefined;
}
