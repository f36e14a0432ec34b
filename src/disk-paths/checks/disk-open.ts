import { identity, sameIdentity } from '../../file-tree/model/entry';
import { type DomainFacts, type SourceFacts } from '../model/facts';
import type { Finding } from '../../core/finding';
import { isReopened } from '../model/reopened';
import { isUnknown } from '../../core/unknown';
import { about, unlessReadOnly, type Check } from './check-type';
import { describeUser } from './disk-access';

/** With `--deep`: what happened when each disk was opened inside the namespace as QEMU's user? */
export const diskOpen: Check = {
  name: 'disk-open',
  inspect: (facts) => facts.sources.flatMap((source) => inspectSource(source, facts) ?? []),
};

function inspectSource(source: SourceFacts, facts: DomainFacts): Finding | undefined {
  const { opened, namespace } = source;
  // A way without an end is disk-path's finding, which may know how to mend it.
  if (!opened || namespace.end.kind !== 'found') return undefined;
  const reopened = isReopened(source, facts);
  if (reopened === false) return undefined;
  const base = about('disk-open', source);
  const user = describeUser(facts);
  if ('unknown' in opened) {
    const { unknown: what, remedy = 'see migrate-guard doctor' } = opened;
    return { ...base, state: 'unknown', what, remedy };
  }
  if (opened.kind === 'refused') {
    const what = `opening it inside the namespace as QEMU (${user}) failed: ${opened.error}`;
    if (reopened !== true) return { ...base, ...unlessReadOnly(what, reopened) };
    const remedy = `see why ${namespace.end.path} cannot be opened there`;
    return { ...base, state: 'problem', what, remedy };
  }
  if (!isUnknown(facts.open) && !facts.open.some((file) => sameIdentity(file, opened.entry))) {
    const what = `opening it inside the namespace leads to ${identity(opened.entry)}, which QEMU does not hold open`;
    return { ...base, state: 'problem', what, remedy: 'do not migrate: find out which is the right volume' };
  }
  return { ...base, state: 'ok', what: `opened inside the namespace as QEMU (${user})` };
}
