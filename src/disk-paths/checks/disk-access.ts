import type { Finding } from '../../core/finding';
import type { DomainFacts, SourceFacts } from '../model/facts';
import { isReopened } from '../model/reopened';
import { about, unlessReadOnly, type Check } from './check-type';

/** May QEMU's own user open each disk inside its namespace? */
export const diskAccess: Check = {
  name: 'disk-access',
  inspect: (facts) => facts.sources.flatMap((source) => inspectSource(source, facts) ?? []),
};

function inspectSource(source: SourceFacts, facts: DomainFacts): Finding | undefined {
  const { access } = source;
  if (!access) return undefined;
  const reopened = isReopened(source, facts);
  // Of a file that is open read-only only a refusal is worth a word, and only if QEMU may open that one again.
  if (reopened === false || (reopened !== true && 'kind' in access && access.kind === 'allowed'))
    return undefined;
  const base = about('disk-access', source);
  const user = describeUser(facts);
  if ('unknown' in access) {
    const remedy = access.unknown.endsWith('(package acl)') ? 'install the package acl' : 'run again';
    return { ...base, state: 'unknown', what: access.unknown, remedy };
  }
  if (access.kind === 'allowed') return { ...base, state: 'ok', what: `QEMU (${user}) may open it` };
  const what = `QEMU (${user}) may not open ${access.path} in its mount namespace: ${access.why}`;
  if (reopened !== true) return { ...base, ...unlessReadOnly(what, reopened) };
  const remedy = `let ${user} use ${access.path}, as seen in that namespace`;
  return { ...base, state: 'problem', what, remedy };
}

export function describeUser({ credentials }: DomainFacts): string {
  const { uid, gid, groups } = credentials;
  const others = groups.filter((group) => group !== gid);
  return `uid ${uid}, gid ${gid}${others.length > 0 ? `, groups ${others.join(' ')}` : ''}`;
}
