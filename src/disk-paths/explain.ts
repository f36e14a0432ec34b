import type { Settings } from '../config/settings';
import type { DomainReport } from '../core/finding';
import { reportNoFacts } from '../core/unreadable-domain';
import { describeHop } from '../file-tree/model/describe-hops';
import { sameTarget } from '../file-tree/model/entry';
import type { Hop, ResolvedPath } from '../file-tree/model/walk';
import { findDomains } from '../hypervisor/find-domains';
import { collectDomainFacts, report } from './check';
import type { SourceFacts } from './model/facts';

/** One line of the two views: the hop at that position in each of them, if it has one. */
interface HopRow {
  readonly host: string;
  readonly namespace: string;
  readonly same: boolean;
}

interface Explanation {
  readonly disk: string;
  readonly path: string;
  readonly rows: readonly HopRow[];
}

export interface Explained {
  readonly report: DomainReport;
  readonly ownNamespace: boolean;
  readonly disks: readonly Explanation[];
}

/** Both views of every disk of one domain, hop by hop, with the verdict. */
export async function explain(word: string, settings: Settings): Promise<Explained> {
  for await (const found of findDomains([word], settings)) {
    const facts = 'why' in found ? found : await collectDomainFacts(found);
    if ('why' in facts) return { report: reportNoFacts(facts), ownNamespace: true, disks: [] };
    return {
      report: report(facts),
      ownNamespace: facts.ownNamespace,
      disks: facts.sources.map(explainSource),
    };
  }
  throw new Error('findDomains yields something for every name');
}

function explainSource({ source, host, namespace }: SourceFacts): Explanation {
  const left = hopsOf(host);
  const right = hopsOf(namespace);
  const rows = Array.from({ length: Math.max(left.length, right.length) }, (_, index) => {
    const [one, other] = [left[index], right[index]];
    return {
      host: one ? describeHop(one) : '',
      namespace: other ? describeHop(other) : '',
      same: one !== undefined && other !== undefined && isSameHop(one, other),
    };
  });
  return { disk: source.disk, path: source.path, rows };
}

/** The hops that can differ between the views: links, and the end. */
function hopsOf({ hops }: ResolvedPath): Hop[] {
  return hops.filter(({ entry }, index) => entry.kind !== 'directory' || index === hops.length - 1);
}

function isSameHop(one: Hop, other: Hop): boolean {
  if (one.path !== other.path) return false;
  if (one.entry.kind === 'link' && other.entry.kind === 'link') {
    return sameTarget(one.path, one.entry.target, other.entry.target);
  }
  return describeHop(one) === describeHop(other);
}
