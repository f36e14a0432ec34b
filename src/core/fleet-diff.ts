import { inOrder, type FleetDomain } from './fleet';
import { verdicts, type BlockState, type Verdict } from './finding';

/** What was found of one VM at one time. */
interface Standing {
  readonly verdict: Verdict;
  readonly blockState: BlockState;
  readonly host: string;
}

/** A VM that an audit finds otherwise than an earlier one did. */
export interface Change {
  readonly domain: string;
  readonly name: string | null;
  readonly kind: 'worse' | 'better' | 'moved' | 'new' | 'gone';
  readonly before: Standing | null;
  readonly now: Standing | null;
  readonly reason: string;
}

const kinds = ['worse', 'new', 'better', 'moved', 'gone'] as const satisfies readonly Change['kind'][];

/** What became of each VM since then; those of which nothing changed are left out. Worse ones first. */
export function compareFleets(before: readonly FleetDomain[], now: readonly FleetDomain[]): Change[] {
  const earlier = new Map(before.map((domain) => [domain.domain, domain]));
  const later = new Map(now.map((domain) => [domain.domain, domain]));
  const changes = [...new Set([...later.keys(), ...earlier.keys()])].flatMap((domain) => {
    const [was, is] = [earlier.get(domain), later.get(domain)];
    const kind = kindOf(was, is);
    if (kind === undefined) return [];
    const { name, reason } = is ?? was ?? { name: null, reason: '' };
    return [{ domain, name, kind, before: standing(was), now: standing(is), reason: is ? reason : '' }];
  });
  return changes.sort(
    (one, other) => kinds.indexOf(one.kind) - kinds.indexOf(other.kind) || inOrder(one.domain, other.domain),
  );
}

function kindOf(was: FleetDomain | undefined, is: FleetDomain | undefined): Change['kind'] | undefined {
  if (!is) return 'gone';
  if (!was) return 'new';
  const step = verdicts.indexOf(is.verdict) - verdicts.indexOf(was.verdict);
  if (step !== 0) return step < 0 ? 'worse' : 'better';
  // The verdict is the same for two of them, so the block state tells which way it went.
  if (was.blockState !== is.blockState) return is.blockState === 'healthy' ? 'better' : 'worse';
  return was.host === is.host ? undefined : 'moved';
}

function standing(domain: FleetDomain | undefined): Standing | null {
  return domain ? { verdict: domain.verdict, blockState: domain.blockState, host: domain.host } : null;
}
