import { checks } from '../checks';
import type { Domain } from '../core/domain';
import { errorName, GuardError } from '../core/errors';
import type { DomainFacts, NoFacts } from '../core/facts';
import { verdictOf, type DomainReport } from '../core/finding';
import { mergePlans } from '../core/plan';
import type { Settings } from '../core/settings';
import { gather, type Depth } from '../system/gather';
import { holdDomain } from '../system/held-domain';
import { TreeView } from '../system/view';
import { findDomains, type Asked } from './find-domains';
import { reportNoFacts } from './no-facts';

/**
 * How many domains are looked at side by side: enough to share what is dear, one change of credentials and one
 * picture of the host's tree, and few enough that the picture is some ten milliseconds old at most, and that what
 * was read of them all is little: with four times as many, a thousand domains take 30 MiB more.
 */
const together = 16;

/**
 * Answers, for each domain that was asked for, whether its paths lead QEMU to its disks, as soon as it is known.
 * Nobody else is asked, neither QEMU nor another host: this is what runs everywhere, so it is all that it loads.
 */
export async function* plainCheck(asked: Asked, settings: Settings): AsyncGenerator<DomainReport> {
  for await (const some of inGroups(findDomains(asked, settings), together)) {
    const host = TreeView.ofHost();
    try {
      // All have ended before the picture is closed, whatever became of one.
      const judged = await Promise.allSettled(
        some.map((found) =>
          judge(found, asked, async (domain) => {
            const facts = await gatherDomain(domain, {}, host);
            return 'why' in facts ? reportNoFacts(facts) : report(facts);
          }),
        ),
      );
      for (const result of judged) {
        if (result.status === 'rejected') throw result.reason;
        yield result.value;
      }
    } finally {
      host.close();
    }
  }
}

/** One domain's report by `look`, or that it could not be looked at. */
export async function judge(
  found: Domain | NoFacts,
  asked: Asked,
  look: (domain: Domain) => Promise<DomainReport>,
): Promise<DomainReport> {
  if ('why' in found) return reportNoFacts(found);
  try {
    return await look(found);
  } catch (error) {
    // Something vanished between two looks: one domain's trouble hides no other.
    if (asked !== 'all' || error instanceof GuardError) throw error;
    const why = `it could not be looked at: ${errorName(error)}`;
    return reportNoFacts({ name: found.name, why, remedy: 'run again' });
  }
}

async function* inGroups<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let group: T[] = [];
  for await (const item of items) {
    group.push(item);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

/** The facts of one domain, with a picture of the host's tree: the one given, or one that is as fresh as they are. */
export async function gatherDomain(
  domain: Domain,
  depth: Depth = {},
  picture?: TreeView,
): Promise<DomainFacts | NoFacts> {
  const host = picture ?? TreeView.ofHost();
  try {
    return await holdDomain(domain, (held) => gather(held, host, depth));
  } finally {
    if (host !== picture) host.close();
  }
}

/** Judges facts: every check in turn, then the verdict and the whole plan. */
export function report(facts: DomainFacts): DomainReport {
  const findings = checks.flatMap(({ inspect }) => inspect(facts));
  return {
    domain: facts.domain.name,
    pid: facts.pid,
    verdict: verdictOf(findings),
    blockState: 'unknown',
    findings,
    plan: mergePlans(findings.flatMap(({ plan }) => (plan ? [plan] : []))),
  };
}
