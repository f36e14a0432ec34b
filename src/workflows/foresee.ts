import type { Domain } from '../core/domain';
import { errorName } from '../core/errors';
import { isUnknown, type DomainFacts, type NoFacts, type SourceFacts } from '../core/facts';
import type { DomainReport, Verdict } from '../core/finding';
import { canBeDisk, sameIdentity } from '../core/plan';
import { findLink, type LinkChange } from '../core/relink';
import type { Settings } from '../core/settings';
import { gather } from '../system/gather';
import { holdDomain, type HeldDomain } from '../system/held-domain';
import { TreeView } from '../system/view';
import { findDomains } from './find-domains';
import { inTime } from './in-time';
import { reportNoFacts } from './no-facts';
import { report } from './plain-check';
import { sourcesAfter } from './ways-after';

/** What would be found of one domain, and what is found now. */
export interface Foreseen {
  readonly report: DomainReport;
  readonly now: Verdict;
}

/**
 * What a check would find of each domain of this host if these links pointed elsewhere and nothing else were done;
 * domains whose ways pass none of them are left out. What is late after `deadline` milliseconds is unknown, not waited
 * for: a list that is asked for on storage that hangs takes seconds for each disk. Nothing is changed.
 */
export async function* foresee(
  changes: readonly LinkChange[],
  settings: Settings,
  deadline: number,
  wanted: (name: string) => boolean,
): AsyncGenerator<Foreseen> {
  const end = performance.now() + deadline;
  const links = linksHere(changes);
  for await (const found of findDomains('all', settings)) {
    if (!wanted(found.name)) continue;
    if ('why' in found) yield unknown(found);
    else yield* (await inTime(foreseeDomain(found, links), end)) ?? [late(found)];
  }
}

function unknown(why: NoFacts): Foreseen {
  return { report: reportNoFacts(why), now: 'undecided' };
}

function late({ name }: Domain): Foreseen {
  return unknown({
    name,
    why: 'its paths were not looked at in time',
    remedy: `migrate-guard check ${name}`,
  });
}

async function foreseeDomain(domain: Domain, links: ReadonlyMap<string, string>): Promise<Foreseen[]> {
  const host = TreeView.open('/');
  try {
    const seen = await holdDomain(domain, async (held) => {
      const facts = await gather(held, host);
      const isConcerned = facts.sources.some((source) => passesAny(source, links));
      return { facts, after: isConcerned ? factsAfter(facts, held, host, links) : undefined };
    });
    if ('why' in seen) return [unknown(seen)];
    return seen.after ? [{ report: report(seen.after), now: report(seen.facts).verdict }] : [];
  } catch (error) {
    const why = `it could not be looked at: ${errorName(error)}`;
    return [unknown({ name: domain.name, why, remedy: 'run again' })];
  } finally {
    host.close();
  }
}

/** Where the links really stand on this host; one that is not there is nobody's way. */
function linksHere(changes: readonly LinkChange[]): ReadonlyMap<string, string> {
  const host = TreeView.open('/');
  try {
    const links = new Map<string, string>();
    for (const { link, target } of changes) {
      const found = findLink(host.look, link);
      if (!('why' in found)) links.set(found.path, target);
    }
    return links;
  } finally {
    host.close();
  }
}

function passesAny({ host, namespace }: SourceFacts, links: ReadonlyMap<string, string>): boolean {
  const passages = [...host.passages, ...namespace.passages];
  return passages.some(({ path, entry }) => entry.kind === 'link' && links.has(path));
}

function factsAfter(
  facts: DomainFacts,
  held: HeldDomain,
  hostView: TreeView,
  links: ReadonlyMap<string, string>,
): DomainFacts {
  const sources = sourcesAfter(facts, held, hostView, links).map((after, index): SourceFacts => {
    const { namespace, access } = facts.sources[index] ?? after;
    const [before, then] = [namespace.end, after.namespace.end];
    const isSame = before.kind === 'found' && then.kind === 'found' && sameIdentity(before.entry, then.entry);
    // Whether QEMU's user may open another file than today's is not asked: that is blocked anyway.
    return { ...after, ...(isSame && access ? { access } : {}) };
  });
  if (isUnknown(facts.open)) return { ...facts, sources };
  const ends = sources.flatMap(({ host, namespace }) =>
    [host.end, namespace.end].flatMap((end) =>
      end.kind === 'found' && canBeDisk(end.entry) ? [end.entry] : [],
    ),
  );
  return { ...facts, sources, open: held.process.openFiles(ends) };
}
