import { failureOf, isFailure } from '../core/errors';
import type { Settings } from '../config/settings';
import { isUnknown } from '../core/unknown';
import { failedMigration, type FailedMigration } from '../opennebula/model/migration-history';
import type { VmEvent } from '../opennebula/model/vm-event';
import { migrateLive, showVm } from '../opennebula/onevm';
import { readVmEvent } from '../opennebula/read-vm';
import type { Reply } from './script-call';
import { failedReply, hookReply } from './hook-reply';

/**
 * Has OpenNebula try the live migration that failed once more, to the same host. Once: when the one before it
 * failed there as well, that was the second attempt. And only while the VM is where the event left it: healing takes
 * time, and `onehook retry` replays events of any age.
 */
export async function retry(
  { vmId }: VmEvent,
  { destination, seq, isSecond }: FailedMigration,
  { ssh: { user } }: Settings,
  dryRun: boolean,
): Promise<Reply> {
  const domain = `one-${vmId}`;
  const byHand = `onevm migrate --live ${vmId} ${destination}`;
  const left = (why: string): Reply => hookReply(domain, `not tried again: ${why}`);
  const cannot = (why: string): Reply => {
    const what = `it is healed, but could not be tried again: ${why}`;
    return failedReply(domain, failureOf('undecided', what, byHand));
  };
  if (isSecond) return left(`the live migration before it went to ${destination}, too, and failed`);
  const shown = await showVm(vmId, user);
  if (isUnknown(shown)) return cannot(shown.unknown);
  const now = readVmEvent(shown);
  if (isFailure(now)) return cannot(`onevm show -x ${vmId}: ${now.what}`);
  const still = failedMigration(now);
  if (isFailure(still) || still.seq !== seq) return left('the VM has gone on since');
  if (dryRun) return left(`a dry run: would be asked: ${byHand}`);
  const begun = await migrateLive(vmId, destination, user);
  if (isUnknown(begun)) return cannot(begun.unknown);
  return hookReply(domain, `OpenNebula was asked to try again: ${byHand}`);
}
