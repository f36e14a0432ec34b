import { refusedOnPath } from '../disk-paths/model/permissions';
import type { SourceFacts } from '../disk-paths/model/facts';
import { insideOf } from '../disk-paths/io/collect-facts';
import type { HeldDomain } from '../hypervisor/hold-domain';
import { readPaths, type WhereLinksPoint } from '../disk-paths/io/read-paths';

/** The paths of these sources as they would be if these links of the host pointed there and nothing else were done. */
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
    const access = refusedOnPath(namespace);
    return { source, host, namespace, ...(access ? { access } : {}), ...insideOf(held, host, namespace) };
  });
}
