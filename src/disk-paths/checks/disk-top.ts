import type { Finding } from '../../core/finding';
import { isUnknown, reasonIn } from '../../core/unknown';
import { sameIdentity } from '../../file-tree/model/entry';
import { disksAt } from '../../file-tree/model/walk';
import type { GuestDisk } from '../../hypervisor/model/guest-disks';
import { message } from '../../messages';
import type { DomainFacts, SourceFacts } from '../model/facts';
import { about, type Check } from './check-type';

/**
 * With `--deep`: is the file that libvirt names the one to which the guest writes? libvirt starts the destination by its own
 * XML, so a snapshot that it does not know of would be missing there.
 */
export const diskTop: Check = {
  name: 'disk-top',
  inspect: (facts) => {
    const { guestDisks, nodes, sources } = facts;
    // disk-name reports that QEMU does not answer.
    if (!guestDisks || (nodes && isUnknown(nodes))) return [];
    if (isUnknown(guestDisks)) {
      const { remedy, ...found } = message('guest-disks-not-read', { why: reasonIn(guestDisks) });
      return [{ check: 'disk-top', state: 'unknown', ...found, remedy: guestDisks.remedy ?? remedy }];
    }
    return sources.flatMap((source) => inspectSource(source, guestDisks, facts) ?? []);
  },
};

function inspectSource(
  facts: SourceFacts,
  guestDisks: readonly GuestDisk[],
  { sources, domain }: DomainFacts,
): Finding | undefined {
  const { source } = facts;
  const top = guestDisks.find(({ device }) => isDeviceOf(device, source.alias));
  if (!top || (top.node !== undefined && [source.node, source.formatNode].includes(top.node)))
    return undefined;
  const base = about('disk-top', facts);
  if (top.path === undefined)
    return { ...base, state: 'unknown', ...message('top-file-unknown', { domain: domain.name }) };
  if (top.path === source.path) return undefined;
  const named = sources.filter((other) => other.source.path === top.path);
  if (named.some((other) => leadToOne(facts, other))) return undefined;
  return {
    ...base,
    state: 'problem',
    ...message('top-file-differs', { top: top.path, path: source.path }),
  };
}

/** A virtio disk has its backend below it (src/qemu/qemu_domain.c, qemuDomainDiskPrivate.qomName). */
function isDeviceOf(device: string, alias: string | undefined): boolean {
  return alias !== undefined && [alias, `/machine/peripheral/${alias}/virtio-backend`].includes(device);
}

function leadToOne(one: SourceFacts, other: SourceFacts): boolean {
  const ends = disksAt(other.host, other.namespace);
  return disksAt(one.host, one.namespace).some((end) => ends.some((file) => sameIdentity(file, end)));
}
