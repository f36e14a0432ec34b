import type { Settings } from '../config/settings';
import { inspectDomain } from '../block-state/inspect';
import { errorName } from '../core/error-name';
import { GuardError, messageOf } from '../core/errors';
import type { DomainReport } from '../core/finding';
import { reportNoFacts, type UnreadableDomain } from '../core/unreadable-domain';
import { checkHeldTogether, collectDomainFacts, report } from '../disk-paths/check';
import { inspectInTime, withBlockState } from '../disk-paths/check-all-domains';
import { repairDomain, type RepairReport } from '../disk-paths/repair';
import type { ResolvedPath } from '../file-tree/model/walk';
import { findDomains } from '../hypervisor/find-domains';
import { HeldDomains, maxHeldAtOnce } from '../hypervisor/hold-domain';
import type { Domain } from '../hypervisor/model/domain-xml';
import { VirshSession } from '../hypervisor/virsh-session';
import { message } from '../messages';
import { giveBack } from './give-back';
import { mayGiveBack, withReason } from './model/handover';

/** What was found, and, where it was wanted and there was something to do, what a repair did. */
export type WatchReport = DomainReport | RepairReport;

/** What a look at one domain found. */
export interface Seen {
  /** Of its paths and its block state. */
  readonly report: DomainReport;
  /** The paths of its disks on the host; none of a domain that could not be read. */
  readonly paths: readonly ResolvedPath[];
  /** Only of a domain that could be read. */
  readonly read?: {
    readonly domain: Domain;
    readonly ofPaths: DomainReport;
    readonly ofBlockState: DomainReport;
  };
}

/** So long the block states of all domains of one look may take, in milliseconds. */
const inspectionMs = 60_000;

/** Checks the paths of these domains and their block states, as the probe does. */
export async function readDomains(
  found: readonly (Domain | UnreadableDomain)[],
  settings: Settings,
  virsh: VirshSession,
): Promise<readonly Seen[]> {
  const read = new Map<string, { readonly domain: Domain; readonly paths: readonly ResolvedPath[] }>();
  const checked = checkHeldTogether(found, 'all', async (domain, group) => {
    const facts = await collectDomainFacts(domain, {}, group);
    if ('why' in facts) return reportNoFacts(facts);
    read.set(domain.name, { domain, paths: facts.sources.map(({ host }) => host) });
    return report(facts);
  });
  const reports: DomainReport[] = [];
  for await (const one of checked) reports.push(one);
  const end = performance.now() + inspectionMs;
  const seen: Seen[] = [];
  for (const ofPaths of reports) {
    const one = read.get(ofPaths.domain);
    if (!one) {
      seen.push({ report: ofPaths, paths: [] });
      continue;
    }
    const { domain, paths } = one;
    const ofBlockState = await inspectInTime(domain, settings, end, virsh);
    seen.push({
      report: withBlockState(ofPaths, ofBlockState),
      paths,
      read: { domain, ofPaths, ofBlockState },
    });
  }
  return seen;
}

/** Many domains, and those of them held together that are to be repaired: one child opens the disks of all. */
export function* heldForRepair(
  all: readonly Seen[],
  settings: Settings,
): Generator<{ readonly some: readonly Seen[]; readonly group: HeldDomains }> {
  const size = maxHeldAtOnce();
  for (let first = 0; first < all.length; first += size) {
    const some = all.slice(first, first + size);
    const group = new HeldDomains(some.flatMap((seen) => toBeRepaired(seen, settings) ?? []));
    try {
      yield { some, group };
    } finally {
      group.close();
    }
  }
}

/** The domain, if a repair of it is wanted and there is something to do. */
function toBeRepaired({ read }: Seen, settings: Settings): Domain | undefined {
  if (!read || !settings.watch.repair) return undefined;
  const { verdict, plan } = read.ofPaths;
  const isRepairable = plan.length > 0 && (verdict === 'safe' || verdict === 'repairable');
  return isRepairable ? read.domain : undefined;
}

/** Repairs a domain if that is wanted and something can be; `undefined` where it is not. An error is a failed repair. */
export async function repairSeen(
  seen: Seen,
  settings: Settings,
  virsh: VirshSession,
  group: HeldDomains,
): Promise<RepairReport | undefined> {
  const domain = toBeRepaired(seen, settings);
  const { report, read } = seen;
  if (!domain || !read) return undefined;
  try {
    const repaired = await repairDomain(domain, { settings, dryRun: false, virsh, group });
    return withBlockState(repaired, read.ofBlockState);
  } catch (error) {
    const reason =
      error instanceof GuardError
        ? messageOf(error)
        : message('watch-repair-failed', { error: errorName(error) });
    const finding = { check: 'repair', state: 'problem', ...reason } as const;
    return { ...report, findings: [...report.findings, finding], plan: [], result: 'failed' };
  }
}

/** Gives QEMU its disks back if that is wanted, and it lacks them. */
async function giveBackSeen(seen: Seen, settings: Settings, virsh: VirshSession): Promise<Seen> {
  const { report, read } = seen;
  if (!read || !mayGiveBack(report, read.domain, settings)) return seen;
  const { blockState } = report;
  const given = await giveBack({ domain: read.domain, settings, blockState });
  if (!given || given === 'busy') return seen;
  if ('notDone' in given) return { ...seen, report: withReason(report, given.notDone) };
  const inspected = await inspectDomain(read.domain, settings, virsh);
  const done = { check: 'reset', state: 'ok', what: given.done, note: true } as const;
  const ofBlockState = { ...inspected, findings: [done, ...inspected.findings] };
  return { ...seen, report: withBlockState(read.ofPaths, ofBlockState), read: { ...read, ofBlockState } };
}

/** Looks at all domains of this host once. */
export async function* lookAtAll(settings: Settings): AsyncGenerator<WatchReport> {
  const found: (Domain | UnreadableDomain)[] = [];
  for await (const one of findDomains('all', settings)) found.push(one);
  const virsh = new VirshSession(settings.libvirt.deadline * 1000);
  try {
    const all: Seen[] = [];
    for (const seen of await readDomains(found, settings, virsh))
      all.push(await giveBackSeen(seen, settings, virsh));
    for (const { some, group } of heldForRepair(all, settings))
      for (const seen of some) yield (await repairSeen(seen, settings, virsh, group)) ?? seen.report;
  } finally {
    virsh.end();
  }
}
