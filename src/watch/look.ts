import type { Settings } from '../config/settings';
import type { DomainReport } from '../core/finding';
import { reportNoFacts, type UnreadableDomain } from '../core/unreadable-domain';
import { checkHeldTogether, collectDomainFacts, report } from '../disk-paths/check';
import { repairDomain, type RepairReport } from '../disk-paths/repair';
import type { ResolvedPath } from '../file-tree/model/walk';
import { findDomains } from '../hypervisor/find-domains';
import type { Domain } from '../hypervisor/model/domain-xml';
import { VirshSession } from '../hypervisor/virsh-session';

/** What a look at one domain found, and did. */
export interface Looked {
  readonly report: DomainReport;
  /** The paths of its disks on the host; none of a domain that could not be read. */
  readonly paths: readonly ResolvedPath[];
  /** Only where there was something to repair, and that is wanted. */
  readonly repair?: RepairReport;
}

/** Checks these domains, and repairs the paths that can be repaired. */
export async function* look(
  found: readonly (Domain | UnreadableDomain)[],
  settings: Settings,
): AsyncGenerator<Looked> {
  const read = new Map<string, { readonly domain: Domain; readonly paths: readonly ResolvedPath[] }>();
  const checked = checkHeldTogether(found, 'all', async (domain, group) => {
    const facts = await collectDomainFacts(domain, {}, group);
    if ('why' in facts) return reportNoFacts(facts);
    read.set(domain.name, { domain, paths: facts.sources.map(({ host }) => host) });
    return report(facts);
  });
  // All are read before one is repaired: a repair takes longer, and holds its domain itself.
  const reports: DomainReport[] = [];
  for await (const one of checked) reports.push(one);

  const virsh = new VirshSession(settings.libvirt.deadline * 1000);
  try {
    for (const report of reports) {
      const { domain, paths = [] } = read.get(report.domain) ?? {};
      if (!domain || !settings.watch.repair || !isRepairable(report)) {
        yield { report, paths };
        continue;
      }
      const repair = await repairDomain(domain, { settings, dryRun: false, virsh });
      yield { report: repair.result === 'busy' ? report : repair, paths, repair };
    }
  } finally {
    virsh.end();
  }
}

function isRepairable({ verdict, plan }: DomainReport): boolean {
  return plan.length > 0 && (verdict === 'safe' || verdict === 'repairable');
}

/** Looks at all domains of this host once. */
export async function* lookAtAll(settings: Settings): AsyncGenerator<DomainReport | RepairReport> {
  const found: (Domain | UnreadableDomain)[] = [];
  for await (const one of findDomains('all', settings)) found.push(one);
  for await (const { report, repair } of look(found, settings)) yield repair ?? report;
}
