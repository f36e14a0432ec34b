import { isUnknown } from '../core/unknown';
import { usualOrders, type Order } from '../core/order';
import { exitCodes } from '../core/exit-codes';
import {
  runAgentAction,
  isForeign,
  notReady,
  refusalOf,
  whyNotStarted,
  type HostAnswer,
} from '../agent-protocol/run-action';
import type { NotStarted } from '../agent-protocol/connection';
import { textOf } from '../messages';
import { describeFailedMove, objectionToTarget } from '../move/model/datastore-move';
import type { MoveRequest } from '../opennebula/model/action-xml';
import { mayOverrule } from '../opennebula/model/guard-mode';
import { errorsAsWarnings } from '../opennebula/model/script-report';
import { failure, info, warning } from '../opennebula/model/vm-log';
import type { Reply } from './script-call';
import { describeOverruled } from './overruled';
import { hostOf, moverAlone, runWithoutGuard, type DriverOptions } from './vmm-driver';

/**
 * Moves a VM to another datastore of its host, as OpenNebula 7 does with DESTINATION = SOURCE: the mover copies disk by
 * disk (`virsh blockcopy --pivot`), and QEMU opens the path of a raw disk again at its pivot, after the whole copy.
 * Checks and repairs before, and again afterwards. There is no standby: QEMU gives up no disk in between.
 */
export async function runDatastoreMove(request: MoveRequest, options: DriverOptions): Promise<Reply> {
  const asked = await ask(request, options, ['storage-move']);
  if (isUnknown(asked)) return runWithoutGuard(request, options, whyNotStarted(asked));
  const { end, did, late } = asked;
  if (late) return runWithoutGuard(request, options, { what: notReady(options.settings.host.deadline) });
  if (isForeign(end)) return runWithoutGuard(request, options, refusalOf(end));
  if (end.result === 'not-running')
    return { ...(await moverAlone(request, options, () => [])), note: { guard: 'not-needed' } };
  const refused = refusalBefore(request, asked);
  if (refused && !isOverruled(request, refused)) return refused;
  const moved = await moverAlone(request, options, () => []);
  const before = refused
    ? errorsAsWarnings(refused.stderr, describeOverruled(request, moved.exit === 0))
    : did.map(info).join('');
  const checked = await ask(request, options, [...usualOrders, 'storage-move']);
  return { ...moved, stderr: moved.stderr + reportOn(request, moved.exit, before, asked, checked) };
}

function ask(
  request: MoveRequest,
  options: DriverOptions,
  orders: readonly Order[],
): Promise<HostAnswer | NotStarted> {
  const { version, settings } = options;
  const asked = { version, action: 'prepare', domain: request.deployId, orders } as const;
  return runAgentAction(asked, hostOf(request, options), settings.host.deadline * 1000);
}

function refusalBefore(
  { deployId, diskTarget }: MoveRequest,
  { end, did, isLost }: HostAnswer,
): Reply | undefined {
  const reason = end.exit === 0 ? objectionToTarget(end.disks ?? [], diskTarget) : end;
  if (!reason) return undefined;
  return {
    // A disk that is there already: the mover would replace its file, whatever MIGRATE_GUARD_MODE says.
    exit: end.exit === 0 ? exitCodes.person.status : end.exit,
    stdout: '',
    stderr: failure(end.domain ?? deployId, reason, did.map(info)),
    ...(isLost ? { isGuardLost: true } : {}),
  };
}

function isOverruled({ guardMode }: MoveRequest, { exit, isGuardLost }: Reply): boolean {
  return guardMode.mode === 'warn' && isGuardLost !== true && mayOverrule(exit);
}

/** What to log after the mover: where the disks are, if it failed; and what the check after it found. */
function reportOn(
  { deployId }: MoveRequest,
  exit: number,
  did: string,
  asked: HostAnswer,
  checked: HostAnswer | NotStarted,
): string {
  const domain = asked.end.domain ?? deployId;
  const answer = isUnknown(checked) ? undefined : checked;
  const problem = problemAfter(domain, checked);
  const done = [did, ...(answer?.did ?? []).map(info), problem];
  if (exit === 0) return done.join('');
  const disks = { before: asked.end.disks, after: answer?.end.disks };
  return failure(domain, describeFailedMove({ domain, ...disks, isIll: problem !== '' }), done);
}

/** The mover's result is final: a problem after it is a warning. */
function problemAfter(domain: string, checked: HostAnswer | NotStarted): string {
  if (isUnknown(checked))
    return warning(`${domain}: ${textOf('datastore-not-checked', { why: checked.unknown })}`);
  const { exit, remedy, ...reason } = checked.end;
  if (exit === 0) return '';
  const problem = warning(`${domain}: ${textOf('datastore-problem-after', { reason: refusalOf(reason) })}`);
  return problem + (remedy === undefined ? '' : warning(`-> ${remedy}`));
}
