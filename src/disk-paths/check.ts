import type { Settings } from '../config/settings';
import { errorName } from '../core/error-name';
import { GuardError } from '../core/errors';
import { verdictOf, type DomainReport } from '../core/finding';
import { usualOrders, type Order } from '../core/order';
import { remedyOf } from '../core/remedy-of';
import { message } from '../messages';
import { reportNoFacts, unreadable, type UnreadableDomain } from '../core/unreadable-domain';
import { findDomains, type Asked } from '../hypervisor/find-domains';
import { maxHeldAtOnce, HeldDomains, holdDomain, type HeldDomain } from '../hypervisor/hold-domain';
import type { Domain } from '../hypervisor/model/domain-xml';
import { checks, checksWithoutInspection } from './checks';
import { collectFacts, type CollectOptions } from './io/collect-facts';
import { judgeFor } from './model/affected-orders';
import type { DomainFacts } from './model/facts';
import { mergePlans } from './model/plan';

/** Domains that are checked at the same time, so that neither this process nor the child that reads paths is idle. */
const domainsPerBatch = 16;

type FoundDomains = AsyncIterable<Domain | UnreadableDomain> | Iterable<Domain | UnreadableDomain>;

/**
 * Reports for each domain, as soon as it is known, whether its paths lead QEMU to its disks. Neither QEMU nor another
 * host is asked. This is the check that runs everywhere, so this file loads nothing else.
 */
export function plainCheck(
  asked: Asked,
  settings: Settings,
  wanted: readonly Order[],
): AsyncGenerator<DomainReport> {
  return plainCheckFound(findDomains(asked, settings), asked, checksWithoutInspection, wanted);
}

/** The same for domains that have been found already. */
export async function* plainCheckFound(
  found: FoundDomains,
  asked: Asked,
  which = checks,
  wanted = usualOrders,
): AsyncGenerator<DomainReport> {
  yield* checkHeldTogether(found, asked, async (domain, group) => {
    const facts = await collectDomainFacts(domain, {}, group);
    return 'why' in facts ? reportNoFacts(facts) : report(facts, which, wanted);
  });
}

/** Holds the domains that were found, many at once, and yields one report for each, in their order. */
export async function* checkHeldTogether(
  found: FoundDomains,
  asked: Asked,
  check: (domain: Domain, group: HeldDomains) => Promise<DomainReport>,
  batchSize = domainsPerBatch,
): AsyncGenerator<DomainReport> {
  for await (const { some, group } of heldInGroups(found)) {
    for (let first = 0; first < some.length; first += batchSize) {
      // Not Promise.all: all must have ended before the group is closed, even if one fails.
      const judged = await Promise.allSettled(
        some
          .slice(first, first + batchSize)
          .map((found) => evaluate(found, asked, (domain) => check(domain, group))),
      );
      for (const result of judged) {
        if (result.status === 'rejected') throw result.reason;
        yield result.value;
      }
    }
  }
}

/** One domain's report by `look`, or that it could not be checked. */
async function evaluate(
  found: Domain | UnreadableDomain,
  asked: Asked,
  look: (domain: Domain) => Promise<DomainReport>,
): Promise<DomainReport> {
  if ('why' in found) return reportNoFacts(found);
  try {
    return await look(found);
  } catch (error) {
    // A file or process vanished meanwhile: one domain's error must not hide the others.
    if (asked !== 'all' || error instanceof GuardError) throw error;
    const { name, pid = 0 } = found;
    const reason = message('domain-not-checked', { domain: name, error: errorName(error) });
    const remedy = remedyOf(error, `/proc/${pid}`, { otherwise: reason.remedy });
    return reportNoFacts(unreadable({ name }, { ...reason, remedy }));
  }
}

/** The domains that are `wanted`, as many at once as can be held; each group is closed before the next is held. */
export async function* heldInGroups(
  found: FoundDomains,
  wanted: (name: string) => boolean = () => true,
): AsyncGenerator<{ readonly some: readonly (Domain | UnreadableDomain)[]; readonly group: HeldDomains }> {
  for await (const all of inGroups(found, maxHeldAtOnce())) {
    const some = all.filter(({ name }) => wanted(name));
    const group = new HeldDomains(some.flatMap((one) => ('why' in one ? [] : [one])));
    try {
      yield { some, group };
    } finally {
      group.close();
    }
  }
}

/** The items, as many at once as `size`. */
async function* inGroups<T>(items: AsyncIterable<T> | Iterable<T>, size: number): AsyncGenerator<T[]> {
  let group: T[] = [];
  for await (const item of items) {
    group.push(item);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

/** The facts of one domain: of a group that is held already, or held alone. */
export function collectDomainFacts(
  domain: Domain,
  options: CollectOptions = {},
  group?: HeldDomains,
): Promise<DomainFacts | UnreadableDomain> {
  const work = (held: HeldDomain): Promise<DomainFacts> => collectFacts(held, options);
  return group ? group.with(domain, work) : holdDomain(domain, work);
}

/** Runs every check on the facts, then derives the verdict for the orders that are `wanted`, and the whole plan. */
export function report(facts: DomainFacts, which = checks, wanted = usualOrders): DomainReport {
  const found = which.flatMap(({ inspect }) => inspect(facts));
  const findings = judgeFor(wanted, found, facts);
  return {
    domain: facts.domain.name,
    pid: facts.pid,
    verdict: verdictOf(findings),
    blockState: 'unknown',
    findings,
    plan: mergePlans(findings.flatMap(({ plan }) => (plan ? [plan] : []))),
  };
}
