import type { NoFacts } from '../core/facts';
import type { DomainReport } from '../core/finding';

/** The report of a domain that was asked for, and of which nothing is known. */
export function reportNoFacts({ name, pid, why, remedy }: NoFacts): DomainReport {
  return {
    domain: name,
    pid: pid ?? null,
    verdict: 'undecided',
    blockState: 'unknown',
    findings: [{ check: 'domain', state: 'unknown', what: why, remedy }],
    plan: [],
  };
}
