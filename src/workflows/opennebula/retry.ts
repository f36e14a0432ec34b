import { isFailure } from '../../core/errors';
import { exitCodes } from '../../core/exit-codes';
import { isUnknown } from '../../core/facts';
import type { Settings } from '../../core/settings';
import { done, failed } from '../../opennebula/hook-log';
import { failedMigration, type FailedMigration } from '../../opennebula/live-migration';
import type { VmEvent } from '../../opennebula/vm-history';
import { migrateLive, showVm } from '../../system/onevm';
import { readVmEvent } from '../read-vm';
import type { Reply } from './call';

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
  const left = (why: string): Reply => ({
    exit: 0,
    stdout: done(domain, `not tried again: ${why}`),
    stderr: '',
  });
  const cannot = (what: string): Reply => ({
    exit: exitCodes.undecided.status,
    stdout: '',
    stderr: failed(
      domain,
      `it is healed, but could not be tried again: ${what}`,
      `onevm migrate --live ${vmId} ${destination}`,
    ),
  });
  if (isSecond) return left(`the live migration before it went to ${destination}, too, and failed`);
  const shown = await showVm(vmId, user);
  if (isUnknown(shown)) return cannot(shown.unknown);
  const now = readVmEvent(shown);
  if (isFailure(now)) return cannot(`onevm show -x ${vmId}: ${now.what}`);
  const still = failedMigration(now);
  if (isFailure(still) || still.seq !== seq) return left('the VM has gone on since');
  if (dryRun) return left(`a dry run: would be asked: onevm migrate --live ${vmId} ${destination}`);
  const begun = await migrateLive(vmId, destination, user);
  if (isUnknown(begun)) return cannot(begun.unknown);
  const what = `OpenNebula was asked to try again: onevm migrate --live ${vmId} ${destination}`;
  return { exit: 0, stdout: done(domain, what), stderr: '' };
}
