import type { Settings } from '../config/settings';
import { errorName } from '../core/error-name';
import { isFailure } from '../core/errors';
import type { DomainReport, Verdict } from '../core/finding';
import { remedyOf } from '../core/remedy-of';
import { isUnknown } from '../core/unknown';
import { type UnreadableDomain, reportNoFacts } from '../core/unreadable-domain';
import { heldInGroups, report } from '../disk-paths/check';
import { collectFacts, openFilesOf } from '../disk-paths/io/collect-facts';
import { HostPaths } from '../disk-paths/io/host-paths';
import type { WhereLinksPoint } from '../disk-paths/io/read-paths';
import type { DomainFacts, SourceFacts } from '../disk-paths/model/facts';
import { sameIdentity } from '../file-tree/model/entry';
import { findDomains } from '../hypervisor/find-domains';
import type { HeldDomain, HeldDomains } from '../hypervisor/hold-domain';
import type { Domain } from '../hypervisor/model/domain-xml';
import { withDeadline } from '../os/deadline';
import { message, textOf } from '../messages';
import type { LinkChange } from './model/link-map';
import { sourcesAfter } from './simulate';

/** The findings of one domain, now and after the change. */
interface Forecast {
  readonly report: DomainReport;
  readonly now: Verdict;
}

/**
 * The findings of a check of each domain of this host if these links were re-pointed and nothing else done; domains
 * whose paths do not use these links are left out. After `deadline` milliseconds the rest is unknown, not waited for:
 * on storage that hangs each disk takes seconds. Nothing is changed.
 */
export async function* forecastRelink(
  changes: readonly LinkChange[],
  settings: Settings,
  deadline: number,
  wanted: (name: string) => boolean,
): AsyncGenerator<Forecast> {
  const end = performance.now() + deadline;
  const links = (await withDeadline(linksHere(changes), end)) ?? new Map<string, string>();
  for await (const { some, group } of heldInGroups(findDomains('all', settings), wanted)) {
    for (const found of some) {
      if ('why' in found) yield unknown(found);
      else yield* (await withDeadline(forecastDomain(found, links, group), end)) ?? [late(found)];
    }
  }
}

function unknown(why: UnreadableDomain): Forecast {
  return { report: reportNoFacts(why), now: 'undecided' };
}

function late({ name }: Domain): Forecast {
  const { what: why, remedy } = message('forecast-late', { domain: name });
  return unknown({ name, why, remedy });
}

async function forecastDomain(
  domain: Domain,
  links: WhereLinksPoint,
  group: HeldDomains,
): Promise<Forecast[]> {
  try {
    const seen = await group.with(domain, async (held) => {
      const facts = await collectFacts(held);
      const isAffected = facts.sources.some((source) => passesAny(source, links));
      return { facts, after: isAffected ? await factsAfter(facts, held, links) : undefined };
    });
    if ('why' in seen) return [unknown(seen)];
    return seen.after ? [{ report: report(seen.after), now: report(seen.facts).verdict }] : [];
  } catch (error) {
    const why = textOf('forecast-failed', { error: errorName(error) });
    const remedy = remedyOf(error, `/proc/${domain.pid ?? 0}`, { otherwise: textOf('run-again') });
    return [unknown({ name: domain.name, why, remedy })];
  }
}

/** The directories in which the links really are on this host; a link that does not exist is on no path. */
async function linksHere(changes: readonly LinkChange[]): Promise<ReadonlyMap<string, string>> {
  const host = new HostPaths();
  try {
    const links = new Map<string, string>();
    const found = await host.findLinks(changes.map(({ link }) => link));
    for (const [index, { target }] of changes.entries()) {
      const link = found[index];
      if (link && !isFailure(link)) links.set(link.path, target);
    }
    return links;
  } finally {
    host.end();
  }
}

function passesAny({ host, namespace }: SourceFacts, links: WhereLinksPoint): boolean {
  const hops = [...host.hops, ...namespace.hops];
  return hops.some(({ path, entry }) => entry.kind === 'link' && links.has(path));
}

async function factsAfter(
  facts: DomainFacts,
  held: HeldDomain,
  links: WhereLinksPoint,
): Promise<DomainFacts> {
  const after = await sourcesAfter(facts.sources, held, links);
  const sources = after.map((source, index): SourceFacts => {
    const { namespace, access } = facts.sources[index] ?? source;
    const [before, then] = [namespace.end, source.namespace.end];
    const isSame = before.kind === 'found' && then.kind === 'found' && sameIdentity(before.entry, then.entry);
    // It does not matter whether QEMU's user may open another file than the present one: that is blocked anyway.
    return { ...source, ...(isSame && access ? { access } : {}) };
  });
  if (isUnknown(facts.open)) return { ...facts, sources };
  return { ...facts, sources, open: openFilesOf(held, [...facts.sources, ...sources]) };
}
