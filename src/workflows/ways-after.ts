import type { View } from '../core/entry';
import type { DomainFacts, SourceFacts } from '../core/facts';
import { isBelowDev } from '../core/plan';
import { withLinks } from '../core/relink';
import { walk } from '../core/walk';
import { insideOf } from '../system/gather';
import type { HeldDomain } from '../system/held-domain';
import type { TreeView } from '../system/view';

/** Links of the host by their paths, with the targets that they shall have. */
export type Links = ReadonlyMap<string, string>;

/** The ways of a domain's sources as they would be if these links pointed there and nothing else were done. */
export function sourcesAfter(
  { sources }: DomainFacts,
  held: HeldDomain,
  host: TreeView,
  links: Links,
): SourceFacts[] {
  const inside = insideAfter(held, links);
  return sources.map(({ source }) => {
    const then = {
      host: walk(withLinks(host.look, links), source.path),
      namespace: walk(inside, source.path),
    };
    return { source, ...then, ...insideOf(held, then.host, then.namespace) };
  });
}

/** What QEMU would see. A link below `/dev` has a copy of its own there, which stays; any other is one file in both views. */
export function insideAfter({ ownNamespace, view }: HeldDomain, links: Links): View {
  return withLinks(view.look, new Map([...links].filter(([path]) => !isBelowDev(path) || !ownNamespace)));
}
