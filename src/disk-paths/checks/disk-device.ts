import { identity, sameIdentity, type Disk } from '../../file-tree/model/entry';
import type { DomainFacts, SourceFacts } from '../model/facts';
import type { Evidence, Finding } from '../../core/finding';
import { heldByOtherMount } from '../model/nfs-remount';
import { closedDirectory } from '../model/permissions';
import { isReopened } from '../model/reopened';
import { isUnknown, reasonIn } from '../../core/unknown';
import { diskAt, type ResolvedPath } from '../../file-tree/model/walk';
import { orders } from '../../core/order';
import { message, textOf, type Message } from '../../messages';
import { about, type Check } from './check-type';
import { lastHold, powerCycle, unclaimed } from './held-disk';

/** Do both views end at the very device or file that this QEMU holds open? */
export const diskDevice: Check = {
  name: 'disk-device',
  inspect: (facts) => {
    const { open } = facts;
    if (isUnknown(open)) {
      const { remedy, ...found } = message('open-files-not-read', { why: reasonIn(open) });
      return [{ check: 'disk-device', state: 'unknown', ...found, remedy: open.remedy ?? remedy }];
    }
    return facts.sources.flatMap((source) => inspectSource(source, open, facts) ?? []);
  },
};

function inspectSource(source: SourceFacts, open: readonly Disk[], facts: DomainFacts): Finding | undefined {
  const onHost = diskAt(source.host);
  const inside = diskAt(source.namespace);
  if (!onHost && !inside) return undefined;
  // Storage that did not answer: QEMU's descriptors there were not looked at (openFilesOf), and disk-path reports it.
  if (onHost?.kind === 'file' && isUnanswered(source.namespace)) return undefined;
  const base = about('disk-device', source);
  const problem = (found: Message, evidence: Evidence): Finding => {
    return { ...base, state: 'problem', ...found, evidence: { ...base.evidence, ...evidence } };
  };
  const where = facts.ownNamespace ? textOf('inside-namespace') : textOf('on-the-host');
  for (const [end, view] of [
    [inside, where],
    [onHost, textOf('on-the-host')],
  ] as const) {
    if (!end || open.some((file) => sameIdentity(file, end)) || heldByOtherMount(end, facts)) continue;
    if (isFirmwareCode(source, facts))
      return { ...base, state: 'ok', note: true, ...message('firmware-replaced') };
    const [identities, held] = heldInstead(end, facts);
    const evidence = { device: identity(end), ...(identities === '' ? {} : { open: identities }) };
    if (isReplacedMedium(source, facts)) {
      const found = message('medium-replaced', { device: nameOf(end), held });
      return { ...base, state: 'ok', note: true, ...found, evidence: { ...base.evidence, ...evidence } };
    }
    const found = message('path-leads-elsewhere', { device: nameOf(end), where: view, held });
    return problem({ ...found, ...lastHold(source, facts) }, evidence);
  }
  if (onHost && inside && !sameIdentity(onHost, inside)) {
    const found = message('views-differ', { onHost: nameOf(onHost), inside: nameOf(inside) });
    return problem(found, { device: identity(inside), open: identity(onHost) });
  }
  const disk = inside ?? onHost;
  if (disk && facts.sources.some((other) => isAboveItself(source, other, disk))) {
    const values = { disk: source.source.disk, device: nameOf(disk), powerCycle: powerCycle(facts) };
    // Not a further snapshot, which opens the newest file by a name of its own.
    const found = problem(message('path-above-itself', values), { open: identity(disk) });
    return { ...found, affects: orders.filter((order) => order !== 'snapshot') };
  }
  const twin = disk && facts.sources.find((other) => isTwin(source, other, disk));
  if (disk && twin) {
    const values = { disk: source.source.disk, other: twin.source.disk, device: nameOf(disk) };
    return problem(message('one-volume-for-two', values), { open: identity(disk) });
  }
  const byOtherMount = disk && heldByOtherMount(disk, facts);
  if (byOtherMount) {
    const found = message('nfs-mounted-again', { device: nameOf(disk), held: nameOf(byOtherMount) });
    const evidence = { ...base.evidence, open: identity(byOtherMount) };
    return { ...base, state: 'ok', note: true, ...found, evidence };
  }
  return {
    ...base,
    state: 'ok',
    ...message('path-leads-to-open-disk'),
    evidence: { ...base.evidence, ...(disk ? { open: identity(disk) } : {}) },
  };
}

function isUnanswered(namespace: ResolvedPath): boolean {
  return namespace.end.kind === 'unreadable' && closedDirectory(namespace) === undefined;
}

/**
 * Firmware code comes from a package of each host, whose upgrade leaves every running QEMU with the file that it replaced.
 * The destination gets the guest's copy of the code with its memory. Measured on QEMU 7.2.22: such a VM migrates.
 */
function isFirmwareCode(source: SourceFacts, facts: DomainFacts): boolean {
  return source.source.role === 'loader' && isReopened(source, facts) === false;
}

/**
 * The image of a CD-ROM that QEMU does not open again to hand it over: the destination opens the present one, which no
 * guest can have written to. So nothing is lost, but the guest finds another content.
 */
function isReplacedMedium(source: SourceFacts, facts: DomainFacts): boolean {
  return source.source.cdrom === true && isReopened(source, facts) === false;
}

/** Two writable disks of one VM cannot be the same volume, unless the admin allowed it by `<shareable/>`. */
function isTwin({ source }: SourceFacts, other: SourceFacts, disk: Disk): boolean {
  const exclusive = [source, other.source].every(
    ({ readonly, shareable, role }) => !readonly && !shareable && role !== 'node',
  );
  if (!exclusive || other.source.path === source.path) return false;
  return [other.namespace, other.host].some((resolved) => leadsTo(resolved, disk));
}

/**
 * OpenNebula's live snapshot of a qcow2 disk (src/tm_mad/qcow2/snap_create_live): libvirt goes on to call the file below
 * by the link that the VM was started with, and that link now leads to the newest file. libvirt hands its names over to
 * the destination. Measured on libvirt 9.0: there QEMU takes the disk for its own backing file and cannot lock it; what
 * was saved cannot be restored.
 */
function isAboveItself({ source }: SourceFacts, other: SourceFacts, disk: Disk): boolean {
  const isOfItsChain =
    source.role === 'backing' &&
    (other.source.role === 'disk' || other.source.role === 'backing') &&
    other.source.disk === source.disk &&
    other.source.path !== source.path;
  return isOfItsChain && [other.namespace, other.host].some((resolved) => leadsTo(resolved, disk));
}

function leadsTo(resolved: ResolvedPath, disk: Disk): boolean {
  const end = diskAt(resolved);
  return end !== undefined && sameIdentity(end, disk);
}

/** What QEMU may hold instead: first for `evidence.open`, then as a part of the sentence. */
function heldInstead(wrong: Disk, facts: DomainFacts): readonly [identities: string, held: string] {
  const unclaimedDisks = unclaimed(wrong.kind, facts);
  const [only, ...more] = unclaimedDisks;
  if (only && more.length === 0) return [identity(only), nameOf(only)];
  const identities = unclaimedDisks.map(identity).join(', ');
  if (only && more.length < 4) return [identities, textOf('none-but-these', { identities })];
  return ['', textOf('no-disk-held')];
}

function nameOf(disk: Disk): string {
  const values = { identity: identity(disk) };
  return disk.kind === 'block' ? textOf('block-device', values) : textOf('file-with-inode', values);
}
