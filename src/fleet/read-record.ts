import { inOrder, type FleetDomain, type FleetReport } from './model/fleet';
import { guardsNotRun } from '../opennebula/model/guards-not-run';
import { newestFirst } from '../opennebula/model/record';
import { isUnknown } from '../core/unknown';
import { entriesIn, entriesNotRun, recordDirectory } from '../opennebula/record-file';

/**
 * Adds the front-end's records to a report: the last thing done for each VM, and the guards that could not run on
 * each host.
 */
export function withRecord(report: FleetReport, now: Date): FleetReport {
  const directory = recordDirectory(process.env);
  const notRun = entriesNotRun(directory);
  if (isUnknown(notRun)) return { ...report, doubts: [...report.doubts, notRun.unknown] };
  // Entries that remotes/migrate-guard/start.sh wrote are only in the list of guards that could not run.
  const newestNotRun = new Map(
    newestFirst(notRun)
      .reverse()
      .map((entry) => [entry.vmId, entry]),
  );
  const kept = report.domains.map(({ vmId }) => {
    if (vmId === null) return [];
    const other = newestNotRun.get(vmId);
    return newestFirst([...entriesIn(directory, vmId, 1), ...(other ? [other] : [])]);
  });
  const asked = new Set(report.hosts.map(({ host }) => host));
  const counted = guardsNotRun(notRun, kept.flat(), now).filter(({ host }) => asked.has(host));
  return {
    ...report,
    domains: report.domains.map((domain, index): FleetDomain => {
      const last = kept[index]?.[0];
      return last ? { ...domain, last } : domain;
    }),
    guardsNotRun: counted.sort((one, other) => inOrder(one.host, other.host)),
  };
}
