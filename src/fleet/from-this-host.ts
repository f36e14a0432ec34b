import { hostname } from 'node:os';
import type { Settings } from '../config/settings';
import { isFailure } from '../core/errors';
import { reasonOf, withoutPlainOk, type DomainReport } from '../core/finding';
import { checkAllDomains } from '../disk-paths/check-all-domains';
import { listDomains } from '../hypervisor/list-domains';
import { foundSafe } from '../watch/found-safe';
import { readState } from '../watch/io/state-file';
import type { FleetDomain, HostWatcher } from './model/fleet';

/** Deadline for all VMs of this host, in milliseconds. */
const deadlineMs = 60_000;

/**
 * All domains that run on this host, also those that OpenNebula did not start. One that the watcher has found safe, without
 * anything to be read about it, is not checked.
 */
export async function fromThisHost(settings: Settings): Promise<FleetDomain[]> {
  const safe = foundSafe(listDomains(settings.libvirt.stateDirectory) ?? [], settings);
  const isKnown = (name: string): boolean => safe.get(name)?.hasNotes === false;
  const domains: FleetDomain[] = [];
  for (const [domain, { pid, verdict, blockState, affected, build, time }] of safe) {
    if (!isKnown(domain)) continue;
    const program = { ...(affected ? { affected } : {}), ...(build === undefined ? {} : { build }) };
    const report = { domain, pid, verdict, blockState, findings: [], plan: [], ...program };
    domains.push(ofThisHost(report, new Date(time * 1000)));
  }
  for await (const { report } of checkAllDomains(settings, deadlineMs, (name) => !isKnown(name)))
    domains.push(ofThisHost(withoutPlainOk(report), new Date()));
  return domains;
}

function ofThisHost(report: DomainReport, seen: Date): FleetDomain {
  const id = /^one-([0-9]+)$/.exec(report.domain)?.[1];
  const vmId = id === undefined ? null : Number(id);
  return {
    ...report,
    host: hostname(),
    vmId,
    name: null,
    reason: reasonOf(report),
    seen: seen.toISOString(),
  };
}

/** `undefined` where it may not be known. */
export function watcherOfThisHost(): HostWatcher | undefined {
  const state = readState();
  if (isFailure(state)) return state.code === 'notPermitted' ? undefined : { up: false };
  return { up: true, repaired: state.repaired, wrote: new Date(state.time * 1000).toISOString() };
}
