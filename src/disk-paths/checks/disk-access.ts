import type { Finding } from '../../core/finding';
import { isUnknown, unknownFinding } from '../../core/unknown';
import { message } from '../../messages';
import type { DomainFacts, SourceFacts } from '../model/facts';
import { isReopened } from '../model/reopened';
import { about, describeUser, unlessReadOnly, type Check } from './check-type';

/** May QEMU's own user open each disk inside its namespace? */
export const diskAccess: Check = {
  name: 'disk-access',
  inspect: (facts) => facts.sources.flatMap((source) => inspectSource(source, facts) ?? []),
};

function inspectSource(source: SourceFacts, facts: DomainFacts): Finding | undefined {
  const { access } = source;
  if (!access) return undefined;
  const reopened = isReopened(source, facts);
  // Of a file that QEMU holds read-only, only a refusal matters, and only if QEMU may open it again: a file below for a
  // commit.
  if (reopened === false && source.source.role !== 'backing') return undefined;
  if (reopened !== true && 'kind' in access && access.kind === 'allowed') return undefined;
  const base = about('disk-access', source);
  if (isUnknown(access)) return { ...base, ...unknownFinding(access) };
  const user = describeUser(facts);
  if (access.kind === 'allowed') return { ...base, state: 'ok', ...message('access-allowed', { user }) };
  const { path, why } = access;
  const refused = message('access-refused', { user, path, why });
  if (typeof reopened === 'object') return { ...base, ...unlessReadOnly(refused, reopened) };
  return { ...base, state: 'problem', ...refused };
}
