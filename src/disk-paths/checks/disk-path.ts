import { closedDirectory } from '../model/permissions';
import { canBeDisk, describeKind, identity, sameIdentity } from '../../file-tree/model/entry';
import { isFailure } from '../../core/errors';
import { type DomainFacts, type SourceFacts } from '../model/facts';
import type { Finding } from '../../core/finding';
import { message, textOf } from '../../messages';
import { mergePlans, planSource, type Plan } from '../model/plan';
import { isReopened } from '../model/reopened';
import type { Step } from '../../core/repair-step';
import { isUnknown } from '../../core/unknown';
import { diskAt, type ResolvedPath } from '../../file-tree/model/walk';
import { describeFailure } from '../../file-tree/model/describe-hops';
import { about, unlessReadOnly, type Check } from './check-type';
import { heldFor, lastHold, powerCycle } from './held-disk';

/** Does every path lead somewhere, on the host and inside QEMU's mount namespace? */
export const diskPath: Check = {
  name: 'disk-path',
  inspect: (facts) => [
    ...facts.sources.flatMap((source) => inspectSource(source, facts) ?? []),
    ...facts.domain.others.map(({ disk, type }): Finding => {
      const base = { check: 'disk-path', disk };
      if (!type.endsWith('without a path'))
        return { ...base, state: 'ok', ...message('source-is-no-path', { type }) };
      return { ...base, state: 'unknown', ...message('source-without-path', { type }) };
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
      const failure = describeFailure(resolved) ?? '';
      return {
        ...base,
        state: 'unknown',
        ...message('path-not-read', { failure, where, end: resolved.end.path }),
      };
    }
  }
  const onHost = whyNoDisk(host);
  if (onHost !== undefined && source.source.dispensable && reopened !== true) {
    return { ...base, state: 'ok', note: true, ...message('medium-left-out', { failure: onHost }) };
  }
  if (onHost !== undefined) {
    const values = { failure: onHost, path: source.source.path, held: held(source, facts) };
    const missing = message('path-missing-on-host', values);
    return { ...base, state: 'problem', ...missing, remedy: lastHold(source, facts) ?? missing.remedy };
  }
  const inside = whyNoDisk(namespace);
  if (inside === undefined) return { ...base, state: 'ok', ...message('path-leads-to-disk') };
  const missing =
    closed === undefined
      ? message('path-missing-inside', { failure: inside })
      : message('directory-closed', { directory: closed });
  if (reopened === false)
    return { ...base, state: 'ok', note: true, ...message('path-not-needed', { missing }) };
  if (reopened !== true) return { ...base, ...unlessReadOnly(missing.what, reopened) };
  return { ...base, state: 'problem', ...missing, ...remedyFor(source, facts) };
}

/** Where the path has to lead. */
function held(source: SourceFacts, facts: DomainFacts): string {
  const disk = heldFor(source, facts);
  return disk?.kind === 'block' ? textOf('held-device', { device: identity(disk) }) : textOf('held-disk');
}

/** A plan where QEMU's own device is what the host's path leads to, and libvirt's rules can make the way. */
function remedyFor(source: SourceFacts, facts: DomainFacts): Pick<Finding, 'plan' | 'remedy'> {
  const disk = diskAt(source.host);
  if (!disk || isUnknown(facts.open) || !facts.open.some((open) => sameIdentity(open, disk))) {
    return { remedy: lastHold(source, facts) ?? textOf('do-not-migrate-other-disk') };
  }
  const plan = planWithNeighbours(source, facts);
  if (!isFailure(plan))
    return { plan: plan.steps, remedy: textOf('repair-domain', { domain: facts.domain.name }) };
  return { remedy: textOf('not-repairable', { why: plan.what, powerCycle: powerCycle(facts) }) };
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
        : { ...plan, ...message('neighbour-not-repairable', { disk: next.source.disk, why: plan.what }) };
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
