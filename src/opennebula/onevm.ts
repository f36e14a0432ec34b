import type { Unknown } from '../core/unknown';
import { askOpenNebula } from './one-cli';

/** Deadline in milliseconds. onevm is Ruby and asks oned, which may be busy. */
const deadlineMs = 60_000;

/**
 * The XML of a VM, as `onevm show -x` prints it, or the reason why there is none. It runs as OpenNebula's user, who
 * may see all VMs.
 */
export async function showVm(vmId: string, user: string): Promise<string | Unknown> {
  return askOpenNebula(['onevm', 'show', '-x', vmId], user, deadlineMs);
}

/** Starts a live migration by OpenNebula, which reports success before the migration begins. */
export async function migrateLive(vmId: string, host: string, user: string): Promise<string | Unknown> {
  return askOpenNebula(['onevm', 'migrate', '--live', vmId, host], user, deadlineMs);
}
