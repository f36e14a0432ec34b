import type { Unknown } from '../core/unknown';
import { askOpenNebula } from './one-cli';

/** Milliseconds. onevm is Ruby and asks oned, which may be busy. */
const deadlineMs = 60_000;

/** The XML of a VM, as `onevm show -x` prints it; or why there is none. As OpenNebula's user, who may see all VMs. */
export async function showVm(vmId: string, user: string): Promise<string | Unknown> {
  return askOpenNebula(['onevm', 'show', '-x', vmId], user, deadlineMs);
}

/** Has OpenNebula begin a live migration. It says success before the migration begins. */
export async function migrateLive(vmId: string, host: string, user: string): Promise<string | Unknown> {
  return askOpenNebula(['onevm', 'migrate', '--live', vmId, host], user, deadlineMs);
}
