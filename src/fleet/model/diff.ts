import { inOrder, rankOf, type FleetDomain, type FleetReport } from './fleet';
import type { BlockState, Verdict } from '../../core/finding';

/** What was found of one VM at one time. */
interface DiffState {
  readonly verdict: Verdict;
  readonly blockState: BlockState;
  readonly host: string;
}

/** A VM that an audit finds otherwise than an earlier one did. */
export interface Change {
  readonly domain: string;
  readonly name: string | null;
  /** `unknown`: it was bad, and whether it still is cannot be told. */
  readonly kind: 'worse' | 'better' | 'unknown' | 'moved' | 'new' | 'gone';
  readonly before: DiffState | null;
  readonly now: DiffState | null;
  readonly reason: string;
}

/** What one audit knows: every VM that ran on these hosts; `null` when that is the whole cloud. */
export interface Seen {
  readonly domains: readonly FleetDomain[];
  readonly hosts: readonly string[] | null;
}

/** Of which hosts an audit tells every VM, where it was about these (`null`: the whole cloud). */
export function hostsSeen(
  { source, hosts, vmsListed }: Pick<FleetReport, 'source' | 'hosts' | 'vmsListed'>,
  isWhole: boolean,
): Seen['hosts'] {
  const names = (of: typeof hosts): string[] => of.map(({ host }) => host);
  if (vmsListed) return isWhole && source !== 'here' ? null : names(hosts);
  // Then only the hosts themselves know, and those of which OpenNebula's collectors told are none.
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
 * What became of each VM since then; those of which nothing changed are left out. Worse ones first. Of a VM that one of
 * them does not list nothing is said, unless the host on which the other saw it was asked both times.
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
    return [{ domain, name, kind, before: standing(was), now: standing(is), reason: is ? reason : '' }];
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

/** Whether something was known of it that is not known any more: then nobody can say that it is better. */
function isLost(was: FleetDomain, is: FleetDomain): boolean {
  return (
    (is.verdict === 'undecided' && was.verdict !== 'undecided') ||
    (is.blockState === 'unknown' && was.blockState !== 'unknown')
  );
}

function standing(domain: FleetDomain | undefined): DiffState | null {
  return domain ? { verdict: domain.verdict, blockState: domain.blockState, host: domain.host } : null;
}
