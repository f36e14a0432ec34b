import { identity } from '../../file-tree/model/entry';
import type { DomainFacts, SourceFacts } from '../model/facts';
import type { Evidence, Finding } from '../../core/finding';
import { reasonIn, type Unknown } from '../../core/unknown';
import { disksAt } from '../../file-tree/model/walk';
import { describeHops } from '../../file-tree/model/describe-hops';
import { message, type Message } from '../../messages';

/** One question about a domain, answered from facts alone. */
export interface Check {
  readonly name: string;
  readonly inspect: (facts: DomainFacts) => readonly Finding[];
}

/** What the findings of one source have in common. */
export function about(
  check: string,
  facts: SourceFacts,
): Pick<Finding, 'check' | 'disk' | 'path'> & { evidence: Evidence } {
  const { disk, path } = facts.source;
  let evidence = evidences.get(facts);
  if (!evidence) evidences.set(facts, (evidence = evidenceOf(facts)));
  return { check, disk, path, evidence };
}

/** All checks of a source share one. */
const evidences = new WeakMap<SourceFacts, Evidence>();

function evidenceOf({ host, namespace }: SourceFacts): Evidence {
  const [disk] = disksAt(namespace, host);
  return {
    host: describeHops(host),
    namespace: describeHops(namespace),
    ...(disk ? { device: identity(disk) } : {}),
  };
}

/** The finding for a failure that matters only if QEMU opens the file again, where that is unknown. */
export function unlessReadOnly(
  failure: Message,
  reopened: Unknown,
): Pick<Finding, 'state' | 'what' | 'short' | 'remedy'> {
  const { remedy, ...found } = message('reopening-unknown', { failure, why: reasonIn(reopened) });
  return { state: 'unknown', ...found, remedy: reopened.remedy ?? remedy };
}

/** QEMU's user, as messages name it. */
export function describeUser({ credentials }: DomainFacts): string {
  const { uid, gid, groups } = credentials;
  const others = groups.filter((group) => group !== gid);
  return `uid ${uid}, gid ${gid}${others.length > 0 ? `, groups ${others.join(' ')}` : ''}`;
}
