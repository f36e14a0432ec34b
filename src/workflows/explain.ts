import type { SourceFacts } from '../core/facts';
import type { DomainReport } from '../core/finding';
import { describePassage } from '../core/way';
import type { Settings } from '../core/settings';
import type { Walk } from '../core/walk';
import { gatherDomain, report, reportNoFacts } from './check';
import { findDomains } from './find-domains';

/** One line of the two views: an element that both, or only one of them, meets. */
export interface Row {
  readonly host: string;
  readonly namespace: string;
  readonly same: boolean;
}

export interface Explanation {
  readonly disk: string;
  readonly path: string;
  readonly rows: readonly Row[];
}

export interface Explained {
  readonly report: DomainReport;
  readonly ownNamespace: boolean;
  readonly disks: readonly Explanation[];
}

/** Both views of every disk of one domain, hop by hop, with the verdict. */
export async function explain(word: string, settings: Settings): Promise<Explained> {
  for await (const found of findDomains([word], settings)) {
    const facts = 'why' in found ? found : await gatherDomain(found);
    if ('why' in facts) return { report: reportNoFacts(facts), ownNamespace: true, disks: [] };
    return {
      report: report(facts),
      ownNamespace: facts.ownNamespace,
      disks: facts.sources.map(explainSource),
    };
  }
  throw new Error('findDomains answers every name');
}

function explainSource({ source, host, namespace }: SourceFacts): Explanation {
  const left = linesOf(host);
  const right = linesOf(namespace);
  const rows = Array.from({ length: Math.max(left.length, right.length) }, (_, index) => {
    const row = { host: left[index] ?? '', namespace: right[index] ?? '' };
    return { ...row, same: row.host === row.namespace };
  });
  return { disk: source.disk, path: source.path, rows };
}

/** Directories are shown from `/dev` on, where a namespace can lack them. */
function linesOf(walk: Walk): string[] {
  const lines = walk.passages
    .filter(({ path, entry }) => entry.kind !== 'directory' || path.startsWith('/dev'))
    .map(describePassage);
  return walk.end.kind === 'loop' ? [...lines, 'more links than the kernel follows'] : lines;
}
