import { verdictOf, type BlockState, type DomainReport, type Finding } from './finding';

/** A domain that was asked for, but of which no facts can be had. */
export interface UnreadableDomain {
  readonly name: string;
  readonly pid?: number;
  readonly notRunning?: true;
  /** Its QEMU lives in a user namespace of its own: nothing that it shows can be trusted, so it is blocked. */
  readonly isForeign?: true;
  readonly why: string;
  readonly remedy: string;
}

/** The report of a domain that was asked for, and of which nothing is known. */
export function reportNoFacts({ why, remedy, isForeign, ...domain }: UnreadableDomain): DomainReport {
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
