import { identity } from '../../file-tree/model/entry';
import type { DomainFacts, SourceFacts } from '../model/facts';
import type { Evidence, Finding } from '../../core/finding';
import type { Unknown } from '../../core/unknown';
import { disksAt } from '../../file-tree/model/walk';
import { describeHops } from '../../file-tree/model/describe-hops';

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

/** Every check of a source gives the same. */
const evidences = new WeakMap<SourceFacts, Evidence>();

function evidenceOf({ host, namespace }: SourceFacts): Evidence {
  const [disk] = disksAt(namespace, host);
  return {
    host: describeHops(host),
    namespace: describeHops(namespace),
    ...(disk ? { device: identity(disk) } : {}),
  };
}

/** A trouble that keeps no VM from migrating if QEMU does not open the file again, which could not be found out. */
export function unlessReadOnly(
  trouble: string,
  { unknown, remedy = 'run again' }: Unknown,
): Pick<Finding, 'state' | 'what' | 'remedy'> {
  const what = `${trouble}, and whether QEMU opens this disk again to migrate is not known: ${unknown}`;
  return { state: 'unknown', what, remedy };
}

/** Of a medium that is dispensable and is not there. */
export const leftOut = 'libvirt leaves that medium out when the VM migrates (startupPolicy)';
