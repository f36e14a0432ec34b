import { verdictOf, type BlockState, type DomainReport, type Finding } from './finding';
import type { NoFacts } from './unreadable';

/** The report of a domain that was asked for, and of which nothing is known. */
export function reportNoFacts({ why, remedy, isForeign, ...domain }: NoFacts): DomainReport {
  const state = isForeign ? 'problem' : 'unknown';
  return reportOf(domain, 'unknown', [{ check: 'domain', state, what: why, remedy }]);
}

/** The report of findings that no repair of paths mends. */
export function reportOf(
  { name, pid }: { readonly name: string; readonly pid?: number },
  blockState: BlockState,
  findings: readonly Finding[],
): DomainReport {
  return { domain: name, pid: pid ?? null, verdict: verdictOf(findings), blockState, findings, plan: [] };
}
