import type { Finding } from '../core/finding';
import type { DomainFacts, SourceFacts } from '../core/facts';
import { about, isReopened, type Check } from './check';

/** May QEMU's own user open each disk inside its namespace? */
export const diskAccess: Check = {
  name: 'disk-access',
  inspect: (facts) => facts.sources.flatMap((source) => inspectSource(source, facts) ?? []),
};

function inspectSource(source: SourceFacts, facts: DomainFacts): Finding | undefined {
  const { access } = source;
  if (!access || !isReopened(source.source)) return undefined;
  const base = about('disk-access', source);
  const user = describeUser(facts);
  if ('unknown' in access) {
    const remedy = access.unknown.endsWith('(package acl)') ? 'install the package acl' : 'run again';
    return { ...base, state: 'unknown', what: access.unknown, remedy };
  }
  return access.kind === 'allowed'
    ? { ...base, state: 'ok', what: `QEMU (${user}) may open it` }
    : {
        ...base,
        state: 'problem',
        what: `QEMU (${user}) may not open ${access.path} in its mount namespace: ${access.why}`,
        remedy: `let ${user} use ${access.path}, as seen in that namespace`,
      };
}

export function describeUser({ credentials }: DomainFacts): string {
  const { uid, gid, groups } = credentials;
  const others = groups.filter((group) => group !== gid);
  return `uid ${uid}, gid ${gid}${others.length > 0 ? `, groups ${others.join(' ')}` : ''}`;
}
