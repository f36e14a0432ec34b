import { refusedOnTheWay } from '../core/access';
import type { SourceFacts } from '../core/facts';
import { insideOf } from '../system/gather';
import type { HeldDomain } from '../system/held-domain';
import { readPaths, type WhereLinksPoint } from '../system/read-paths';

/** The ways of these sources as they would be if these links of the host pointed there and nothing else were done. */
export async function sourcesAfter(
  sources: readonly SourceFacts[],
  held: HeldDomain,
  links: WhereLinksPoint,
): Promise<SourceFacts[]> {
  const looked = await readPaths(
    held,
    sources.map(({ source }) => source),
    links,
  );
  return looked.map(({ source, host, answer: { walk: namespace } }) => {
    const access = refusedOnTheWay(namespace);
    return { source, host, namespace, ...(access ? { access } : {}), ...insideOf(held, host, namespace) };
  });
}
