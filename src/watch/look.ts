import type { Settings } from '../config/settings';
import { errorName } from '../core/error-name';
import type { DomainReport } from '../core/finding';
import { reportNoFacts, type UnreadableDomain } from '../core/unreadable-domain';
import { checkHeldTogether, collectDomainFacts, report } from '../disk-paths/check';
import { checksWithoutInspection } from '../disk-paths/checks';
import { repairDomain, type RepairReport } from '../disk-paths/repair';
import type { ResolvedPath } from '../file-tree/model/walk';
import { findDomains } from '../hypervisor/find-domains';
import type { Domain } from '../hypervisor/model/domain-xml';
import { VirshSession } from '../hypervisor/virsh-session';
import { message } from '../messages';

/** What was found, and, where it was wanted and there was something to do, what a repair did. */
export type WatchReport = DomainReport | RepairReport;

/** What a check of one domain found. */
export interface Seen {
  readonly report: DomainReport;
  /** The paths of its disks on the host; none of a domain that could not be read. */
  readonly paths: readonly ResolvedPath[];
  /** Only of a domain that could be read. */
  readonly domain?: Domain;
}

/** Checks these domains, as the plain check does. */
export async function readDomains(found: readonly (Domain | UnreadableDomain)[]): Promise<readonly Seen[]> {
  const read = new Map<string, Pick<Seen, 'domain' | 'paths'>>();
  const checked = checkHeldTogether(found, 'all', async (domain, group) => {
    const facts = await collectDomainFacts(domain, {}, group);
    if ('why' in facts) return reportNoFacts(facts);
    read.set(domain.name, { domain, paths: facts.sources.map(({ host }) => host) });
    return report(facts, checksWithoutInspection);
  });
  const seen: Seen[] = [];
  for await (const one of checked) seen.push({ report: one, ...(read.get(one.domain) ?? { paths: [] }) });
  return seen;
}

/** Repairs a domain if that is wanted and something can be; `undefined` where it is not. An error is a failed repair. */
export async function repairSeen(
  { report, domain }: Seen,
  settings: Settings,
  virsh: VirshSession,
): Promise<RepairReport | undefined> {
  const { verdict, plan } = report;
  const isRepairable = plan.length > 0 && (verdict === 'safe' || verdict === 'repairable');
  if (!domain || !settings.watch.repair || !isRepairable) return undefined;
  try {
    return await repairDomain(domain, { settings, dryRun: false, virsh });
  } catch (error) {
    const what = message('watch-repair-failed', { error: errorName(error) });
    const finding = { check: 'repair', state: 'problem', ...what } as const;
    return { ...report, findings: [...report.findings, finding], plan: [], result: 'failed' };
  }
}

/** Looks at all domains of this host once. */
export async function* lookAtAll(settings: Settings): AsyncGenerator<WatchReport> {
  const found: (Domain | UnreadableDomain)[] = [];
  for await (const one of findDomains('all', settings)) found.push(one);
  const virsh = new VirshSession(settings.libvirt.deadline * 1000);
  try {
    for (const seen of await readDomains(found))
      yield (await repairSeen(seen, settings, virsh)) ?? seen.report;
  } finally {
    virsh.end();
  }
}
