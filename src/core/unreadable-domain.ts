import type { Message } from '../messages';
import { orders } from './order';
import { verdictOf, type BlockState, type DomainReport, type Finding } from './finding';

/** A domain whose facts cannot be read. */
export interface UnreadableDomain {
  readonly name: string;
  readonly pid?: number;
  readonly notRunning?: true;
  /** Its QEMU lives in a user namespace of its own: nothing in there can be trusted, so it is blocked. */
  readonly isForeign?: true;
  readonly why: string;
  /** `why` in at most 69 characters, where it is longer. */
  readonly short?: string;
  readonly remedy: string;
}

export function unreadable(
  { name, pid }: { readonly name: string; readonly pid?: number },
  { what: why, short, remedy }: Message & { readonly remedy: string },
): UnreadableDomain {
  return {
    name,
    ...(pid === undefined ? {} : { pid }),
    why,
    ...(short === undefined ? {} : { short }),
    remedy,
  };
}

/** The report of a domain whose facts cannot be read. */
export function reportNoFacts({ why, isForeign, ...domain }: UnreadableDomain): DomainReport {
  const { short, remedy } = domain;
  const state = isForeign ? 'problem' : 'unknown';
  const finding = { check: 'domain', state, what: why, remedy, affects: orders } as const;
  return reportOf(domain, 'unknown', [short === undefined ? finding : { ...finding, short }]);
}

/** A report of findings that a repair of paths cannot change. */
export function reportOf(
  { name, pid }: { readonly name: string; readonly pid?: number },
  blockState: BlockState,
  findings: readonly Finding[],
): DomainReport {
  return { domain: name, pid: pid ?? null, verdict: verdictOf(findings), blockState, findings, plan: [] };
}
