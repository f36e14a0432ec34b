import type { RecordedAction } from '../opennebula/model/record';
import { entriesIn } from '../opennebula/record-file';
import type { DriverPlace } from './script-call';

/** Milliseconds that a datastore driver may take to clean up after a veto, before it has failmigrate called. */
const cleanupMs = 120_000;

interface Migration {
  readonly source: string;
  readonly destination: string;
  readonly vmId: string;
}

/**
 * Which script of ours has just refused this migration, as the front-end's record says: then nothing was moved, and nothing
 * is to be healed. OpenNebula runs failmigrate after a veto of premigrate since 7.4 (one_vmm_exec.rb, migrate), after a
 * refusal of the VMM driver always. An older refusal may be of another migration, of which no record could be kept.
 */
export function refusedBefore(
  { source, destination, vmId }: Migration,
  { records }: DriverPlace,
): RecordedAction | undefined {
  if (records === undefined || !/^[0-9]{1,10}$/.test(vmId)) return undefined;
  const [last] = entriesIn(records, Number(vmId), 1);
  if (last?.result !== 'refused' || last.source !== source || last.destination !== destination)
    return undefined;
  // Undecided, lost or failed at work: QEMU may be left as a failure leaves it, and heal looks.
  if (last.exit !== 1 && last.guard !== 'could-not-run') return undefined;
  const age = new Date().getTime() - Date.parse(last.time);
  return age >= 0 && age < cleanupMs ? last.action : undefined;
}
