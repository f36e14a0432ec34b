import { closedDirectory } from '../model/permissions';
import { canBeDisk, describeKind, identity, sameIdentity } from '../../file-tree/model/entry';
import { isFailure } from '../../core/errors';
import { type DomainFacts, type SourceFacts } from '../model/facts';
import type { Finding } from '../../core/finding';
import { mergePlans, planSource, type Plan } from '../model/plan';
import { isReopened } from '../model/reopened';
import type { Step } from '../../core/repair-step';
import { isUnknown } from '../../core/unknown';
import { diskAt, type ResolvedPath } from '../../file-tree/model/walk';
import { describeFailure } from '../../file-tree/model/describe-hops';
import { about, leftOut, unlessReadOnly, type Check } from './check-type';
import { heldFor, lastHold, powerCycle } from './held-disk';

/** Does every path lead somewhere, on the host and inside QEMU's mount namespace? */
export const diskPath: Check = {
  name: 'disk-path',
  inspect: (facts) => [
    ...facts.sources.flatMap((source) => inspectSource(source, facts) ?? []),
    ...facts.domain.others.map(({ disk, type }): Finding => {
      const base = { check: 'disk-path', disk };
      if (!type.endsWith('without a path'))
        return { ...base, state: 'ok', what: `a source of type ${type} is not a path` };
      const what = `libvirt tells no path for this source of type ${type}`;
      return { ...base, state: 'unknown', what, remedy: 'look at it with virsh dumpxml' };
    }),
  ],
};

function inspectSource(source: SourceFacts, facts: DomainFacts): Finding | undefined {
  const base = about('disk-path', source);
  const { host, namespace } = source;
  const reopened = isReopened(source, facts);
  const closed = closedDirectory(namespace);
  // disk-access tells it of a disk that QEMU opens again, or may.
  if (closed !== undefined && reopened !== false) return undefined;
  for (const [where, resolved] of views(source, facts)) {
    if (resolved.end.kind === 'unreadable' && (resolved !== namespace || closed === undefined)) {
      const what = `${describeFailure(resolved)} ${where}`;
      return { ...base, state: 'unknown', what, remedy: `look at ${resolved.end.path} ${where}` };
    }
  }
  const onHost = whyNoDisk(host);
  if (onHost !== undefined && source.source.dispensable && reopened !== true) {
    return { ...base, state: 'ok', note: true, what: `${onHost} on the host, but ${leftOut}` };
  }
  if (onHost !== undefined) {
    const again = `make ${source.source.path} lead to ${held(source, facts)} again`;
    const remedy = lastHold(source, facts) ?? again;
    return { ...base, state: 'problem', what: `${onHost} on the host`, remedy };
  }
  const inside = whyNoDisk(namespace);
  if (inside === undefined) return { ...base, state: 'ok', what: 'the path leads to a disk' };
  const what = closed === undefined ? `${inside} in QEMU's mount namespace` : `QEMU may not search ${closed}`;
  if (reopened === false) return { ...base, state: 'ok', note: true, what: `${what}, but ${notOpenedAgain}` };
  if (reopened !== true) return { ...base, ...unlessReadOnly(what, reopened) };
  return { ...base, state: 'problem', what, ...remedyFor(source, facts) };
}

/** Where the path has to lead. */
function held(source: SourceFacts, facts: DomainFacts): string {
  const disk = heldFor(source, facts);
  return disk?.kind === 'block'
    ? `block device ${identity(disk)}, which QEMU holds open,`
    : 'the disk on this host';
}

const notOpenedAgain = 'QEMU holds this disk read-only and does not open it again to migrate';

/** A plan where QEMU's own device is what the host's path leads to, and libvirt's rules can make the way. */
function remedyFor(source: SourceFacts, facts: DomainFacts): Pick<Finding, 'plan' | 'remedy'> {
  const disk = diskAt(source.host);
  if (!disk || isUnknown(facts.open) || !facts.open.some((open) => sameIdentity(open, disk))) {
    const wrong = 'do not migrate: the path of the host does not lead to what QEMU holds open';
    return { remedy: lastHold(source, facts) ?? wrong };
  }
  const plan = planWithNeighbours(source, facts);
  if (!isFailure(plan)) return { plan: plan.steps, remedy: `migrate-guard repair ${facts.domain.name}` };
  const instead = `${powerCycle(facts)}, or make the path lead through /dev again`;
  return { remedy: `not repairable: ${plan.what}; ${instead}` };
}

/**
 * A link that is replaced may be on the way of another disk, which is whole as long as it stays: then its way is
 * made anew as well, or there is no plan.
 */
export function planWithNeighbours(source: SourceFacts, facts: DomainFacts): Plan {
  const plans: Step[][] = [];
  const pending = [source];
  const seen = new Set(pending);
  for (let next = pending.pop(); next; next = pending.pop()) {
    const plan = planOf(next, facts);
    if (isFailure(plan)) {
      return next === source
        ? plan
        : { ...plan, what: `${next.source.disk} shares a part of its way, and ${plan.what}` };
    }
    plans.push([...plan.steps]);
    const replaced = new Set(
      plan.steps.flatMap(({ step, path }) => (step === 'replace-symlink' ? [path] : [])),
    );
    for (const other of facts.sources) {
      const isWhole = isReopened(other, facts) !== false && whyNoDisk(other.namespace) === undefined;
      if (!isWhole || seen.has(other) || !other.namespace.hops.some(({ path }) => replaced.has(path)))
        continue;
      seen.add(other);
      pending.push(other);
    }
  }
  return { steps: mergePlans(plans) };
}

function planOf(source: SourceFacts, { mounts, ownNamespace }: DomainFacts): Plan {
  return planSource({ inside: [], ...source, mounts, ownNamespace });
}

function views(
  { host, namespace }: SourceFacts,
  { ownNamespace }: DomainFacts,
): (readonly [string, ResolvedPath])[] {
  return ownNamespace
    ? [
        ['on the host', host],
        ["in QEMU's mount namespace", namespace],
      ]
    : [['on the host', host]];
}

/** Why a way is no way to a disk; `undefined` when it is one. */
function whyNoDisk(resolved: ResolvedPath): string | undefined {
  if (resolved.end.kind === 'found' && !canBeDisk(resolved.end.entry))
    return `${resolved.end.path} is ${describeKind(resolved.end.entry)}`;
  return describeFailure(resolved);
}
