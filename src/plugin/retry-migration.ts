import { failureOf, isFailure } from '../core/errors';
import type { Settings } from '../config/settings';
import { isUnknown } from '../core/unknown';
import { failedMigration, type FailedMigration } from '../opennebula/model/migration-history';
import type { VmEvent } from '../opennebula/model/vm-event';
import { message, textOf } from '../messages';
import { migrateLive, showVm } from '../opennebula/onevm';
import { readVmEvent } from '../opennebula/read-vm';
import type { Reply } from './script-call';
import { failedReply, hookReply } from './hook-reply';

/**
 * Lets OpenNebula retry the failed live migration to the same host, once: if the one before it failed there as well,
 * that was the second attempt. It does so only while the VM is where the event left it: healing takes time, and
 * `onehook retry` replays events of any age.
 */
export async function retry(
  { vmId }: VmEvent,
  { destination, seq, isSecond }: FailedMigration,
  { ssh: { user } }: Settings,
  dryRun: boolean,
): Promise<Reply> {
  const domain = `one-${vmId}`;
  const byHand = textOf('migrate-live', { vm: vmId, destination });
  const left = (reason: string): Reply => hookReply(domain, textOf('retry-left', { reason }));
  const cannot = (reason: string): Reply =>
    failedReply(domain, failureOf('undecided', { ...message('retry-failed', { reason }), remedy: byHand }));
  if (isSecond) return left(textOf('retry-was-second', { destination }));
  const shown = await showVm(vmId, user);
  if (isUnknown(shown)) return cannot(shown.unknown);
  const now = readVmEvent(shown);
  if (isFailure(now)) return cannot(textOf('shown-vm-unreadable', { vm: vmId, reason: now.what }));
  const still = failedMigration(now);
  if (isFailure(still) || still.seq !== seq) return left(textOf('retry-vm-changed'));
  if (dryRun) return left(textOf('retry-dry-run', { command: byHand }));
  const asked = await migrateLive(vmId, destination, user);
  if (isUnknown(asked)) return cannot(asked.unknown);
  return hookReply(domain, textOf('retry-asked', { command: byHand }));
}
