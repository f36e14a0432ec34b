import { hostname } from 'node:os';
import { withKnownBuilds } from '../block-state/model/affected';
import { worstFirst, type FleetDomain, type FleetReport } from './model/fleet';
import { compareWithRecords, findZombies } from './compare-with-records';
import { fromHosts, type Asking } from './from-hosts';
import { fromMonitoring } from './from-monitoring';
import { fromThisHost, watcherOfThisHost } from './from-this-host';
import { withRecord } from './read-record';
import { findScope, type Wanted } from './scope';

export interface AuditOptions extends Asking, Wanted {
  readonly source: FleetReport['source'];
}

/**
 * Reports every running VM of the cloud, worst first.
 * @throws GuardError when no host is known
 */
export async function audit(options: AuditOptions): Promise<FleetReport> {
  const now = new Date();
  const base = { host: hostname(), time: now.toISOString(), source: options.source };
  if (options.source === 'here') {
    const domains = sorted(await fromThisHost(options.settings));
    const watcher = watcherOfThisHost();
    const hosts = [{ host: base.host, cluster: null, ...(watcher ? { watcher } : {}) }];
    return { ...base, hosts, domains, doubts: [], vmsListed: true };
  }
  const scope = await findScope(options, options.settings);
  const { vmsListed } = scope;
  if (options.source === 'hosts') {
    const reported = await fromHosts(scope, { action: 'audit' }, options);
    const { hosts } = reported;
    const domains = await compareWithRecords(scope, reported, options);
    return withRecord({ ...base, hosts, domains: sorted(domains), doubts: scope.doubts, vmsListed }, now);
  }
  const { hosts, domains: reported, doubts } = await fromMonitoring(scope, options.settings, now);
  const domains = [...reported, ...(await findZombies(scope, options.settings))];
  return withRecord({ ...base, hosts, domains: sorted(domains), doubts, vmsListed }, now);
}

function sorted(domains: readonly FleetDomain[]): FleetDomain[] {
  return worstFirst(withKnownBuilds(domains));
}
