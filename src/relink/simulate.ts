import { refusedOnPath } from '../disk-paths/model/permissions';
import type { SourceFacts } from '../disk-paths/model/facts';
import { insideOf } from '../disk-paths/io/collect-facts';
import type { HeldDomain } from '../hypervisor/hold-domain';
import { readPaths, type WhereLinksPoint } from '../disk-paths/io/read-paths';

/** Resolves the paths of these sources as if these links of the host had these targets, and nothing else was done. */
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
  return looked.map(({ source, host, answer: { resolved: namespace } }) => {
    const access = refusedOnPath(namespace);
    return { source, host, namespace, ...(access ? { access } : {}), ...insideOf(held, host, namespace) };
  });
}
