import { reasonOf, shortReasonOf, type DomainReport, type Finding } from '../core/finding';
import { message, textOf } from '../messages';
import type { Unsafe } from './model/move-states';
import { checkDomain } from '../disk-paths/deep-check';
import { PathWait } from '../disk-paths/io/path-wait';
import type { Destination } from '../destination/destination';
import type { MoveSession } from './session';
import type { Ending } from './move-report';
import { inspectDomain } from '../block-state/inspect';
import { repairExit, repairLocked } from '../disk-paths/repair';
import { resetLocked } from '../block-state/reset';
import { resetResults } from '../block-state/reset-report';

/**
 * Checks and repairs, and resets what an earlier failure left. Returns the refusal if the domain cannot be made safe.
 * `lastDestination`: see {@link resetLeftoverState}.
 */
export async function prepareForMove(
  session: MoveSession,
  lastDestination: Destination | undefined,
): Promise<Ending<Unsafe> | undefined> {
  // The check has inspected QEMU, too, but the destination may have taken seconds to answer since, and a migration
  // without a guard takes no lock: it may have left the domain half-inactive meanwhile, and another would kill it.
  return (await preparePaths(session)) ?? resetLeftoverState(session, lastDestination);
}

/** Checks and repairs. Returns the refusal if a path cannot be made safe. */
export async function preparePaths(session: MoveSession): Promise<Ending<Unsafe> | undefined> {
  const { settings, checkDestination = true, dryRun = false } = session.options;
  const destination = checkDestination ? session.destination : undefined;
  const { domain, virsh } = session;
  const wanted = session.options.wanted ?? [session.destination ? 'migrate' : 'save'];
  // The front-end gives the guard up after host.deadline.
  const wait = new PathWait(Math.min(settings.destination.wait, settings.host.deadline / 2));
  const checked = await checkDomain(domain, { settings, deep: true, wanted, destination, virsh, wait });
  const unsafe = refusalAfterCheck(session, checked);
  if (unsafe) return unsafe;
  // Steps for other orders only are left to `migrate-guard repair`.
  if (checked.findings.some(({ state, plan }) => state === 'problem' && plan !== undefined)) {
    if (!dryRun) session.options.begins?.();
    const repaired = await repairLocked(domain, { settings, dryRun, wanted, virsh });
    const problem = repaired.findings.findLast(({ state }) => state !== 'ok');
    if (repairExit(repaired) !== 'ok') {
      if (!problem) return { result: 'failed', ...message('repair-without-finding') };
      return { ...refusalBy(problem), result: 'failed', what: problem.what };
    }
    const paths = repaired.plan.map(({ path }) => path).join(', ');
    session.reportAction('repair', textOf(dryRun ? 'paths-would-be-made' : 'paths-made', { paths }));
  }
  return undefined;
}

function refusalAfterCheck(session: MoveSession, { findings }: DomainReport): Ending<Unsafe> | undefined {
  const bad = findings.filter(({ state }) => state !== 'ok');
  // A destination that does not answer does no harm: the mover will fail before QEMU gives up any disk.
  // And what an earlier failure left in QEMU is reset next.
  const stopping = bad.filter(
    ({ check, state }) => !(check === 'destination' && state === 'unknown') && check !== 'block-state',
  );
  for (const { what } of bad.filter(({ check, state }) => check === 'destination' && state === 'unknown')) {
    session.reportAction('check', what);
  }
  const reasons = stopping.filter(({ plan }) => plan === undefined);
  // A wrong volume comes before a missing path.
  const first = reasons.find(({ check }) => check === 'disk-device') ?? reasons[0];
  return first && refusalBy(first);
}

function refusalBy(finding: Finding): Ending<'refused' | 'undecided'> {
  const isProblem = finding.state === 'problem';
  const report = { verdict: isProblem ? 'repairable' : 'undecided', findings: [finding] } as const;
  return {
    result: isProblem ? 'refused' : 'undecided',
    what: reasonOf(report),
    short: shortReasonOf(report),
    remedy: finding.remedy,
  };
}

/**
 * Returns the refusal if QEMU does not have its disks back. `lastDestination`: where the last migration of this run went,
 * which may still have a copy of the domain; not where the next one goes.
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
  const { result, what, short, remedy, blockState } = await resetLocked(domain, options);
  session.blockState = blockState;
  const end = resetResults[result];
  if (end !== 'ok')
    return { result: end === 'problem' || end === 'busy' ? 'refused' : end, what, short, remedy };
  session.reportAction('reset', textOf('reset-before-move', { done: what, state: inspected.blockState }));
  return undefined;
}
