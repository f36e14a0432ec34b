import type { DiskSource } from '../core/domain';
import type { DomainFacts, SourceFacts } from '../core/facts';
import type { Evidence, Finding } from '../core/finding';
import { canBeDisk } from '../core/plan';
import { identity } from '../core/entry';
import { describeWay } from '../core/way';

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
  const device = [namespace.end, host.end].flatMap((end) =>
    end.kind === 'found' && canBeDisk(end.entry) ? [identity(end.entry)] : [],
  )[0];
  return {
    host: describeWay(host),
    namespace: describeWay(namespace),
    ...(device === undefined ? {} : { device }),
  };
}

/**
 * QEMU re-opens by name only what it holds writable: to hand a disk over it gives up writing, and with
 * auto-read-only (which libvirt always sets) that is a new open(2). What it holds read-only it never opens
 * again. Measured on QEMU 7.2.0 and 7.2.22: a migration completes while the path of a read-only disk or
 * CD-ROM is gone.
 */
export function isReopened(source: DiskSource): boolean {
  return !source.readonly;
}

/** Of a medium that is dispensable and is not there. */
export const leftOut = 'libvirt leaves that medium out when the VM migrates (startupPolicy)';
