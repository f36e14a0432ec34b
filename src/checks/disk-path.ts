import type { DomainFacts, SourceFacts } from '../core/facts';
import { isUnknown } from '../core/facts';
import type { Finding } from '../core/finding';
import { canBeDisk, describeKind, planSource, sameIdentity } from '../core/plan';
import { describeFailure } from '../core/way';
import type { Walk } from '../core/walk';
import { about, isReopened, type Check } from './check';

/** Does every path lead somewhere, on the host and inside QEMU's mount namespace? */
export const diskPath: Check = {
  name: 'disk-path',
  inspect: (facts) => [
    ...facts.sources.map((source) => inspectSource(source, facts)),
    ...facts.domain.others.map(({ disk, type }): Finding =>
      type.endsWith('without a path')
        ? {
            check: 'disk-path',
            state: 'unknown',
            disk,
            what: `libvirt tells no path for this source of type ${type}`,
            remedy: 'look at it with virsh dumpxml',
          }
        : { check: 'disk-path', state: 'ok', disk, what: `a source of type ${type} is not a path` },
    ),
  ],
};

function inspectSource(source: SourceFacts, facts: DomainFacts): Finding {
  const base = about('disk-path', source);
  const { host, namespace } = source;
  for (const [where, way] of views(source, facts)) {
    if (way.end.kind === 'unreadable') {
      return {
        ...base,
        state: 'unknown',
        what: `${describeFailure(way)} ${where}`,
        remedy: `look at ${way.end.path} ${where}`,
      };
    }
  }
  const onHost = trouble(host);
  if (onHost !== undefined) {
    return {
      ...base,
      state: 'problem',
      what: `${onHost} on the host`,
      remedy: `make ${source.source.path} lead to the disk on this host again`,
    };
  }
  const inside = trouble(namespace);
  if (inside === undefined) return { ...base, state: 'ok', what: 'the path leads to a disk' };
  const what = `${inside} in QEMU's mount namespace`;
  if (!isReopened(source.source)) {
    return {
      ...base,
      state: 'ok',
      note: true,
      what: `${what}, but QEMU holds this disk read-only and does not open it again to migrate`,
    };
  }
  return { ...base, state: 'problem', what, ...mend(source, facts) };
}

/** A plan where QEMU's own device is what the host's path leads to, and libvirt's rules can make the way. */
function mend(source: SourceFacts, facts: DomainFacts): Pick<Finding, 'plan' | 'remedy'> {
  const { host, namespace, inside, sibling } = source;
  const end = host.end;
  const held =
    !isUnknown(facts.open) &&
    end.kind === 'found' &&
    facts.open.some((open) => sameIdentity(open, end.entry));
  if (!held) return { remedy: 'do not migrate: the path of the host does not lead to what QEMU holds open' };
  const plan = planSource({
    host,
    namespace,
    mounts: facts.mounts,
    ownNamespace: facts.ownNamespace,
    inside: inside ?? [],
    ...(sibling ? { sibling } : {}),
  });
  return 'steps' in plan
    ? { plan: plan.steps, remedy: `migrate-guard repair ${facts.domain.name}` }
    : { remedy: `not repairable: ${plan.refusal}; restart the VM, or make the path lead through /dev again` };
}

function views({ host, namespace }: SourceFacts, { ownNamespace }: DomainFacts): (readonly [string, Walk])[] {
  return ownNamespace
    ? [
        ['on the host', host],
        ["in QEMU's mount namespace", namespace],
      ]
    : [['on the host', host]];
}

/** Why a way is no way to a disk; `undefined` when it is one. */
function trouble(way: Walk): string | undefined {
  if (way.end.kind === 'found' && !canBeDisk(way.end.entry))
    return `${way.end.path} is ${describeKind(way.end.entry)}`;
  return describeFailure(way);
}
