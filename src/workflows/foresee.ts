import type { Domain } from '../core/domain';
import { errorName } from '../core/errors';
import { isUnknown, type DomainFacts, type SourceFacts } from '../core/facts';
import type { DomainReport, Verdict } from '../core/finding';
import { canBeDisk, isBelowDev, sameIdentity } from '../core/plan';
import { findLink, goesThrough, withLinks, type LinkChange } from '../core/relink';
import { walk } from '../core/walk';
import type { Settings } from '../core/settings';
import { gather, insideOf } from '../system/gather';
import { holdDomain, type HeldDomain } from '../system/held-domain';
import { TreeView } from '../system/view';
import { findDomains } from './find-domains';
import { reportNoFacts } from './no-facts';
import { report } from './plain-check';

/** What would be found of one domain, and what is found now. */
export interface Foreseen {
  readonly report: DomainReport;
  readonly now: Verdict;
}

/**
 * What a check would find of each domain of this host if these links pointed elsewhere and nothing else were done;
 * domains whose ways pass none of them are left out. Nothing is changed.
 */
export async function* foresee(
  changes: readonly LinkChange[],
  settings: Settings,
  wanted: (name: string) => boolean,
): AsyncGenerator<Foreseen> {
  for await (const found of findDomains('all', settings)) {
    if (!wanted(found.name)) continue;
    if ('why' in found) yield { report: reportNoFacts(found), now: 'undecided' };
    else yield* await foreseeDomain(found, changes);
  }
}

async function foreseeDomain(domain: Domain, changes: readonly LinkChange[]): Promise<Foreseen[]> {
  const host = TreeView.open('/');
  try {
    const seen = await holdDomain(domain, async (held) => {
      const facts = await gather(held, host);
      const links = linksOn(host, changes);
      const isConcerned = facts.sources.some((source) => passesAny(source, links));
      return { facts, after: isConcerned ? factsAfter(facts, held, host, links) : undefined };
    });
    if ('why' in seen) return [{ report: reportNoFacts(seen), now: 'undecided' }];
    return seen.after ? [{ report: report(seen.after), now: report(seen.facts).verdict }] : [];
  } catch (error) {
    const why = `it could not be looked at: ${errorName(error)}`;
    return [{ report: reportNoFacts({ name: domain.name, why, remedy: 'run again' }), now: 'undecided' }];
  } finally {
    host.close();
  }
}

/** Where the links really stand on this host; one that is not there is nobody's way. */
function linksOn(host: TreeView, changes: readonly LinkChange[]): ReadonlyMap<string, string> {
  const links = new Map<string, string>();
  for (const { link, target } of changes) {
    const found = findLink(host.look, link);
    if (!('why' in found)) links.set(found.path, target);
  }
  return links;
}

function passesAny({ host, namespace }: SourceFacts, links: ReadonlyMap<string, string>): boolean {
  return [...links.keys()].some((link) => goesThrough(host, link) || goesThrough(namespace, link));
}

function factsAfter(
  facts: DomainFacts,
  held: HeldDomain,
  hostView: TreeView,
  links: ReadonlyMap<string, string>,
): DomainFacts {
  // A link below /dev has a copy of its own inside, which stays; any other is one file in both views.
  const shared = new Map([...links].filter(([path]) => !isBelowDev(path) || !held.ownNamespace));
  const sources = facts.sources.map(({ source, namespace, access }): SourceFacts => {
    const then = {
      host: walk(withLinks(hostView.look, links), source.path),
      namespace: walk(withLinks(held.view.look, shared), source.path),
    };
    const [before, after] = [namespace.end, then.namespace.end];
    const isSame =
      before.kind === 'found' && after.kind === 'found' && sameIdentity(before.entry, after.entry);
    const inside = insideOf(held, then.host, then.namespace);
    // Whether QEMU's user may open another file than today's is not asked: that is blocked anyway.
    return { source, ...then, ...(isSame && access ? { access } : {}), ...inside };
  });
  if (isUnknown(facts.open)) return { ...facts, sources };
  const ends = sources.flatMap(({ host, namespace }) =>
    [host.end, namespace.end].flatMap((end) =>
      end.kind === 'found' && canBeDisk(end.entry) ? [end.entry] : [],
    ),
  );
  return { ...facts, sources, open: held.process.openFiles(ends) };
}
