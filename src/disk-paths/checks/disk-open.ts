import { identity, sameIdentity } from '../../file-tree/model/entry';
import type { DomainFacts, SourceFacts } from '../model/facts';
import type { Finding } from '../../core/finding';
import { heldByOtherMount } from '../model/nfs-remount';
import { isReopened } from '../model/reopened';
import { isUnknown, unknownFinding } from '../../core/unknown';
import { message } from '../../messages';
import { about, describeUser, unlessReadOnly, type Check } from './check-type';

/** With `--deep`: what happened when each disk was opened inside the namespace as QEMU's user? */
export const diskOpen: Check = {
  name: 'disk-open',
  inspect: (facts) => facts.sources.flatMap((source) => inspectSource(source, facts) ?? []),
};

function inspectSource(source: SourceFacts, facts: DomainFacts): Finding | undefined {
  const { opened, namespace } = source;
  // disk-path reports a path that does not resolve, and may have a plan for it.
  if (!opened || namespace.end.kind !== 'found') return undefined;
  const reopened = isReopened(source, facts);
  if (reopened === false) return undefined;
  const base = about('disk-open', source);
  if (isUnknown(opened)) return { ...base, ...unknownFinding(opened) };
  const user = describeUser(facts);
  if (opened.kind === 'refused') {
    const { error } = opened;
    const refused = message('open-refused', { user, error, path: namespace.end.path });
    return reopened === true
      ? { ...base, state: 'problem', ...refused }
      : { ...base, ...unlessReadOnly(refused, reopened) };
  }
  const isHeld =
    isUnknown(facts.open) ||
    facts.open.some((file) => sameIdentity(file, opened.entry)) ||
    heldByOtherMount(opened.entry, facts) !== undefined;
  if (!isHeld)
    return {
      ...base,
      state: 'problem',
      ...message('opened-another', { device: identity(opened.entry) }),
    };
  return { ...base, state: 'ok', ...message('opened-as-qemu', { user }) };
}
