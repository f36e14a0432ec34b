import { identity, sameIdentity, type Disk } from '../../file-tree/model/entry';
import type { DomainFacts, SourceFacts } from '../model/facts';
import type { Finding } from '../../core/finding';
import { heldByOtherMount } from '../model/nfs-remount';
import { isReopened } from '../model/reopened';
import { orders } from '../../core/order';
import { isUnknown, reasonIn, unknownFinding, type Unknown } from '../../core/unknown';
import { message, type Message } from '../../messages';
import type { OpenedByQemu } from '../model/opened-by-qemu';
import { about, describeUser, unlessReadOnly, type Check } from './check-type';
import { powerCycle } from './held-disk';

/** With `--deep`: what happened when each disk was opened inside the namespace, as QEMU's user and by QEMU itself? */
export const diskOpen: Check = {
  name: 'disk-open',
  inspect: (facts) =>
    facts.sources.flatMap((source) => {
      const found = inspectSource(source, facts);
      const left = source.byQemu?.left;
      if (!left) return found ?? [];
      const note = { ...about('disk-open', source), state: 'ok', note: true, ...left } as const;
      return found ? [found, note] : [note];
    }),
};

function inspectSource(source: SourceFacts, facts: DomainFacts): Finding | undefined {
  const { opened, namespace } = source;
  // disk-path reports a path that does not resolve, and may have a plan for it.
  if (!opened || namespace.end.kind !== 'found') return undefined;
  const reopened = isReopened(source, facts);
  // Of a file below that QEMU holds read-only, only a refusal matters, for a commit.
  if (reopened === false && source.source.role !== 'backing') return undefined;
  const base = about('disk-open', source);
  if (isUnknown(opened)) return { ...base, ...unknownFinding(opened), affects: orders };
  const user = describeUser(facts);
  if (opened.kind === 'refused') {
    const { error } = opened;
    const refused = message('open-refused', { user, error, path: namespace.end.path });
    return typeof reopened === 'object'
      ? { ...base, ...unlessReadOnly(refused, reopened) }
      : { ...base, state: 'problem', ...refused };
  }
  if (reopened === false) return undefined;
  const isHeld =
    isUnknown(facts.open) ||
    facts.open.some((file) => sameIdentity(file, opened.entry)) ||
    heldByOtherMount(opened.entry, facts) !== undefined;
  if (!isHeld)
    return {
      ...base,
      state: 'problem',
      affects: orders,
      ...message('opened-another', { device: identity(opened.entry) }),
    };
  return source.byQemu
    ? { ...base, ...judgeByQemu(source.byQemu, source, facts, reopened) }
    : { ...base, state: 'ok', ...message('opened-as-qemu', { user }) };
}

/** QEMU's own open counts more than that of another process: its profile and its device cgroup apply to it alone. */
function judgeByQemu(
  byQemu: OpenedByQemu,
  source: SourceFacts,
  facts: DomainFacts,
  reopened: true | Unknown,
): Pick<Finding, 'state' | 'what' | 'short' | 'remedy' | 'affects'> {
  if (isUnknown(byQemu)) {
    const values = { why: reasonIn(byQemu), domain: facts.domain.name };
    return { state: 'unknown', affects: orders, ...message('qemu-open-unanswered', values) };
  }
  const { opened } = source;
  const expected = opened && 'entry' in opened ? opened.entry : undefined;
  switch (byQemu.kind) {
    case 'not-asked':
      return {
        state: 'ok',
        ...message('opened-without-qemu', { user: describeUser(facts), why: byQemu.why }),
      };
    case 'refused': {
      const refused = refusedToQemu(byQemu.error, source, facts);
      return reopened === true ? { state: 'problem', ...refused } : unlessReadOnly(refused, reopened);
    }
    case 'another':
      return openedAnother(byQemu.disks, expected);
    case 'opened':
      return expected && sameIdentity(byQemu.entry, expected)
        ? { state: 'ok', ...message('opened-by-qemu') }
        : openedAnother([byQemu.entry], expected);
  }
}

/** A wrong disk is never harmless: whoever opens that path next may get it. */
function openedAnother(
  disks: readonly Disk[],
  expected: Disk | undefined,
): Message & Pick<Finding, 'state' | 'affects'> {
  const devices = disks.map(identity).join(', ');
  const found = message('qemu-opened-another', { devices, device: expected ? identity(expected) : '' });
  return { state: 'problem', affects: orders, ...found };
}

/** QEMU ends its message with the text of the kernel's error (util/error.c, error_setg_errno), untranslated. */
function refusedToQemu(
  error: string,
  { source, namespace, opened }: SourceFacts,
  facts: DomainFacts,
): Message {
  const { domain, pid } = facts;
  const { path } = source;
  const entry = opened && 'entry' in opened ? opened.entry : undefined;
  if (error.endsWith('Operation not permitted') && entry?.kind === 'block') {
    const values = { device: identity(entry), pid, powerCycle: powerCycle(facts) };
    return message('qemu-device-cgroup', values);
  }
  if (error.endsWith('Permission denied'))
    // AppArmor decides by the path without links (apparmor.d(5)).
    return message('qemu-profile', {
      path: namespace.end.path,
      uuid: domain.uuid,
      powerCycle: powerCycle(facts),
    });
  return message('qemu-cannot-open', { error, path, powerCycle: powerCycle(facts) });
}
