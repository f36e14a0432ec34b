import type { NoFacts } from '../core/facts';
import { verdictOf, type DomainReport, type Finding } from '../core/finding';

/** The report of a domain that was asked for, and of which nothing is known. */
export function reportNoFacts({ name, pid, why, remedy, isForeign }: NoFacts): DomainReport {
  const state = isForeign ? 'problem' : 'unknown';
  const findings: Finding[] = [{ check: 'domain', state, what: why, remedy }];
  return {
    domain: name,
    pid: pid ?? null,
    verdict: verdictOf(findings),
    blockState: 'unknown',
    findings,
    plan: [],
  };
}
