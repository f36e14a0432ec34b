import { inOrder, rankOf, type FleetDomain, type FleetReport } from './fleet';
import type { BlockState, Verdict } from '../../core/finding';

/** The state of one VM at one time. */
interface DiffState {
  readonly verdict: Verdict;
  readonly blockState: BlockState;
  readonly host: string;
}

/** A VM whose state differs between two audits. */
export interface Change {
  readonly domain: string;
  readonly name: string | null;
  /** `unknown`: it was bad, and its present state cannot be determined. */
  readonly kind: 'worse' | 'better' | 'unknown' | 'moved' | 'new' | 'gone';
  readonly before: DiffState | null;
  readonly now: DiffState | null;
  readonly reason: string;
}

/** What one audit covers: every VM that ran on these hosts; `null` for the whole cloud. */
export interface Seen {
  readonly domains: readonly FleetDomain[];
  readonly hosts: readonly string[] | null;
}

/** The hosts of which an audit lists every VM, where it was about `asked` (`null`: the whole cloud). */
export function hostsSeen(
  { source, hosts, vmsListed }: Pick<FleetReport, 'source' | 'hosts' | 'vmsListed'>,
  isWhole: boolean,
): Seen['hosts'] {
  const names = (of: typeof hosts): string[] => of.map(({ host }) => host);
  if (vmsListed) return isWhole && source !== 'here' ? null : names(hosts);
  // Without OpenNebula's list, an audit covers only hosts that answered themselves, and no host by its collectors.
  return source === 'monitoring' ? [] : names(hosts.filter(({ trouble }) => !trouble));
}

const kinds = [
  'worse',
  'unknown',
  'new',
  'better',
  'moved',
  'gone',
] as const satisfies readonly Change['kind'][];

/**
 * Changes of each VM since then, worse ones first; unchanged VMs are left out. A VM that one audit does not list is
 * reported only if its host was asked both times.
 */
export function compareFleets(before: Seen, now: Seen): Change[] {
  const earlier = new Map(before.domains.map((domain) => [domain.domain, domain]));
  const later = new Map(now.domains.map((domain) => [domain.domain, domain]));
  const changes = [...new Set([...later.keys(), ...earlier.keys()])].flatMap((domain) => {
    const [was, is] = [earlier.get(domain), later.get(domain)];
    if ((!was && is && !wasAsked(is.host, before)) || (!is && was && !wasAsked(was.host, now))) return [];
    const kind = kindOf(was, is);
    if (kind === undefined) return [];
    const { name, reason } = is ?? was ?? { name: null, reason: '' };
    return [{ domain, name, kind, before: stateOf(was), now: stateOf(is), reason: is ? reason : '' }];
  });
  return changes.sort(
    (one, other) => kinds.indexOf(one.kind) - kinds.indexOf(other.kind) || inOrder(one.domain, other.domain),
  );
}

function wasAsked(host: string, { hosts }: Seen): boolean {
  return hosts?.includes(host) ?? true;
}

function kindOf(was: FleetDomain | undefined, is: FleetDomain | undefined): Change['kind'] | undefined {
  if (!is) return 'gone';
  if (!was) return 'new';
  const step = rankOf(is) - rankOf(was);
  if (step < 0) return 'worse';
  if (step > 0) return isLost(was, is) ? 'unknown' : 'better';
  return was.host === is.host ? undefined : 'moved';
}

/** Whether a known value became unknown: then the VM cannot be called better. */
function isLost(was: FleetDomain, is: FleetDomain): boolean {
  return (
    (is.verdict === 'undecided' && was.verdict !== 'undecided') ||
    (is.blockState === 'unknown' && was.blockState !== 'unknown')
  );
}

function stateOf(domain: FleetDomain | undefined): DiffState | null {
  return domain ? { verdict: domain.verdict, blockState: domain.blockState, host: domain.host } : null;
}
