import { isFailure } from '../core/errors';
import { isUnknown } from '../core/unknown';
import { failedMigration } from '../opennebula/model/migration-history';
import { showVm } from '../opennebula/onevm';
import { readVmEvent } from '../opennebula/read-vm';

/**
 * The destination of the last migration that failed, by OpenNebula's history; `undefined` where the history does not
 * show it: then QEMU's log is used (block-state/model/preconditions.ts).
 */
export async function lastDestination(vmId: number, user: string): Promise<string | undefined> {
  const shown = await showVm(String(vmId), user);
  if (isUnknown(shown)) return undefined;
  const event = readVmEvent(shown);
  const migration = isFailure(event) ? event : failedMigration(event);
  return isFailure(migration) ? undefined : migration.destination;
}
