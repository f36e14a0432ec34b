import type { RecordedAction } from '../opennebula/model/record';
import { entriesIn } from '../opennebula/record-file';
import type { DriverPlace } from './script-call';

/** Milliseconds in which a datastore driver may clean up after a veto before it calls failmigrate. */
const cleanupMs = 120_000;

interface Migration {
  readonly source: string;
  readonly destination?: string;
  readonly vmId: string;
}

/**
 * The script of ours that has just refused this migration, by the front-end's record: then nothing was moved, and
 * there is nothing to heal. OpenNebula runs failmigrate after a veto of premigrate since 7.4 (one_vmm_exec.rb,
 * migrate), after a refusal of the VMM driver always. An older refusal may belong to another migration, whose record
 * could not be written.
 */
export function refusedBefore(
  { source, destination, vmId }: Migration,
  { records }: DriverPlace,
): RecordedAction | undefined {
  if (records === undefined || !/^[0-9]{1,10}$/.test(vmId)) return undefined;
  const [last] = entriesIn(records, Number(vmId), 1);
  if (last?.result !== 'refused' || last.source !== source || last.destination !== destination)
    return undefined;
  // The guard was undecided, lost its connection or failed while working: QEMU may be affected, so failmigrate heals.
  if (last.exit !== 1 && last.guard !== 'could-not-run') return undefined;
  const age = new Date().getTime() - Date.parse(last.time);
  return age >= 0 && age < cleanupMs ? last.action : undefined;
}
