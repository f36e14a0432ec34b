import { closedDirectory } from '../model/permissions';
import { identity, sameIdentity } from '../../file-tree/model/entry';
import { isFailure } from '../../core/errors';
import type { DomainFacts, SourceFacts } from '../model/facts';
import type { Finding } from '../../core/finding';
import { message, textOf, type Message } from '../../messages';
import { planWithNeighbours } from '../model/plan-with-neighbours';
import { isReopened } from '../model/reopened';
import { isUnknown } from '../../core/unknown';
import { diskAt, type ResolvedPath } from '../../file-tree/model/walk';
import { describeFailure, whyNoDisk } from '../../file-tree/model/describe-hops';
import { about, unlessReadOnly, type Check } from './check-type';
import { heldFor, lastHold, powerCycle } from './held-disk';

/** Does every path lead to a disk, on the host and inside QEMU's mount namespace? */
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
  // disk-access reports it, of a disk that QEMU opens again, or may.
  if (closed !== undefined && reopened !== false) return undefined;
  for (const [where, resolved] of views(source, facts)) {
    if (resolved.end.kind === 'unreadable' && (resolved !== namespace || closed === undefined)) {
      const failure = describeFailure(resolved) ?? '';
      const values = { failure, where, end: resolved.end.path };
      return { ...base, state: 'unknown', ...message('path-not-read', values) };
    }
  }
  const onHost = whyNoDisk(host);
  if (onHost && source.source.dispensable && reopened !== true) {
    return { ...base, state: 'ok', note: true, ...message('medium-left-out', { failure: onHost }) };
  }
  if (onHost) {
    const values = { failure: onHost, path: source.source.path, held: held(source, facts) };
    const { waited: seconds = 0 } = facts;
    const missing =
      seconds > 0 && host.end.kind === 'missing'
        ? message('path-still-missing-on-host', { ...values, seconds })
        : message('path-missing-on-host', values);
    return { ...base, state: 'problem', ...missing, ...lastHold(source, facts) };
  }
  const inside = whyNoDisk(namespace);
  if (!inside) return { ...base, state: 'ok', ...message('path-leads-to-disk') };
  const missing =
    closed === undefined
      ? message('path-missing-inside', { failure: inside })
      : message('directory-closed', { directory: closed });
  if (reopened === false && source.source.role !== 'backing')
    return { ...base, state: 'ok', note: true, ...message('path-not-needed', { missing }) };
  if (typeof reopened === 'object') return { ...base, ...unlessReadOnly(missing, reopened) };
  return { ...base, state: 'problem', ...missing, ...remedyFor(source, facts) };
}

/** Where the path has to lead. */
function held(source: SourceFacts, facts: DomainFacts): string {
  const disk = heldFor(source, facts);
  return disk?.kind === 'block' ? textOf('held-device', { device: identity(disk) }) : textOf('held-disk');
}

/** With a plan, where the host's path leads to QEMU's own device and libvirt's rules can make that path inside. */
function remedyFor(source: SourceFacts, facts: DomainFacts): Pick<Finding, 'plan' | 'short' | 'remedy'> {
  const disk = diskAt(source.host);
  if (!disk || isUnknown(facts.open) || !facts.open.some((open) => sameIdentity(open, disk))) {
    return lastHold(source, facts) ?? { remedy: textOf('do-not-migrate-other-disk') };
  }
  const plan = planWithNeighbours(source, facts);
  if (isFailure(plan))
    return { remedy: textOf('not-repairable', { why: plan.what, powerCycle: powerCycle(facts) }) };
  const remedy = textOf('repair-domain', { domain: facts.domain.name });
  return { plan: plan.steps, short: textOf('path-repairable'), remedy };
}

function views(
  { host, namespace }: SourceFacts,
  { ownNamespace }: DomainFacts,
): (readonly [where: Message, ResolvedPath])[] {
  const onHost = [message('on-the-host'), host] as const;
  return ownNamespace ? [onHost, [message('inside-namespace'), namespace]] : [onHost];
}
