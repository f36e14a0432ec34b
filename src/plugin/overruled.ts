import { isUnknown } from '../core/unknown';
import { textOf } from '../messages';
import { mayOverrule } from '../opennebula/model/guard-mode';
import type { MoveRequest } from '../opennebula/model/action-xml';
import { errorsAsWarnings } from '../opennebula/model/script-report';
import { info, warning } from '../opennebula/model/vm-log';
import { runAgentAction, refusalOf } from '../agent-protocol/run-action';
import type { Reply } from './script-call';
import { doneWord, hostOf, moverAlone, type DriverOptions } from './vmm-driver';

/**
 * For a VM whose MIGRATE_GUARD_MODE is warn: reports what would have been refused, and runs the mover. What could be
 * repaired was repaired before.
 */
export async function overruled(request: MoveRequest, options: DriverOptions, reply: Reply): Promise<Reply> {
  if (reply.moverStderr !== undefined || reply.isGuardLost === true || !mayOverrule(reply.exit)) return reply;
  const moved = await moverAlone(request, options, (isDone) => [
    errorsAsWarnings(reply.stderr, describeOverruled(request, isDone)),
  ]);
  // There was no standby: what a failure has left in QEMU would kill the guest at its next write.
  const healed = moved.exit === 0 ? '' : await resetAnyway(request, options);
  return { ...moved, stderr: moved.stderr + healed };
}

/** The words for a reason to refuse that did not stop the mover. */
export function describeOverruled(request: MoveRequest, isDone: boolean): (reason: string) => string {
  const done = doneWord(request);
  return (reason) =>
    isDone ? textOf('mode-warn-done', { done, reason }) : textOf('mode-warn-failed', { reason });
}

async function resetAnyway(request: MoveRequest, options: DriverOptions): Promise<string> {
  const { deployId: domain, destination } = request;
  const { version, settings } = options;
  const { deadline } = settings.host;
  const asked =
    destination === undefined
      ? ({ version, action: 'reset', domain, dryRun: false } as const)
      : ({ version, action: 'heal', domain, destination } as const);
  const answer = await runAgentAction(asked, hostOf(request, options), deadline * 1000);
  if (isUnknown(answer))
    return warning(`${domain}: ${textOf('not-healed-afterwards', { why: answer.unknown })}`);
  const { end, did } = answer;
  const failed = textOf('healing-ended', { reason: refusalOf(end) });
  return did.map(info).join('') + (end.exit === 0 ? '' : warning(`${end.domain ?? domain}: ${failed}`));
}
