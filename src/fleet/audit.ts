import { hostname } from 'node:os';
import { withKnownBuilds } from '../block-state/model/affected';
import { withoutPlainOk, reasonOf } from '../core/finding';
import { worstFirst, type FleetDomain, type FleetReport } from './model/fleet';
import { checkAllDomains } from '../disk-paths/check-all-domains';
import { compareWithRecords, findZombies } from './compare-with-records';
import { fromHosts, type Asking } from './from-hosts';
import { fromMonitoring } from './from-monitoring';
import { withRecord } from './read-record';
import { findScope, type Wanted } from './scope';

export interface AuditOptions extends Asking, Wanted {
  readonly source: FleetReport['source'];
}

/** Deadline for all VMs of this host, in milliseconds. */
const localDeadlineMs = 60_000;

/**
 * Reports every running VM of the cloud, worst first.
 * @throws GuardError when no host is known
 */
export async function audit(options: AuditOptions): Promise<FleetReport> {
  const now = new Date();
  const base = { host: hostname(), time: now.toISOString(), source: options.source };
  if (options.source === 'here') {
    const domains = sorted(await domainsHere(options));
    return { ...base, hosts: [{ host: base.host, cluster: null }], domains, doubts: [], vmsListed: true };
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

/** Reports all domains that run on this host, also those that OpenNebula did not start. */
async function domainsHere({ settings }: AuditOptions): Promise<FleetDomain[]> {
  const host = hostname();
  const domains: FleetDomain[] = [];
  for await (const { report } of checkAllDomains(settings, localDeadlineMs)) {
    const id = /^one-([0-9]+)$/.exec(report.domain)?.[1];
    const vmId = id === undefined ? null : Number(id);
    const seen = new Date().toISOString();
    domains.push({ ...withoutPlainOk(report), host, vmId, name: null, reason: reasonOf(report), seen });
  }
  return domains;
}
