import { identity, sameIdentity, type Disk, type FileEntry } from '../../file-tree/model/entry';
import { type DomainFacts, type SourceFacts } from '../model/facts';
import { shellWord } from '../../core/shell-word';
import { isUnknown } from '../../core/unknown';
import { diskAt, disksAt } from '../../file-tree/model/walk';

/** What QEMU holds open for a disk whose path does not lead there, and what to do about it. */

/** What QEMU holds of that kind, and no disk of the domain leads to. */
export function unclaimed(kind: Disk['kind'], { open, sources }: DomainFacts): readonly Disk[] {
  if (isUnknown(open)) return [];
  const claimed = sources.flatMap(({ host, namespace }) => disksAt(host, namespace));
  return open.filter((file) => file.kind === kind && !claimed.some((claim) => sameIdentity(claim, file)));
}

/** The device or file that QEMU surely holds for this disk: its own path leads there inside, or it holds no other of the kind. */
export function heldFor({ source, namespace }: SourceFacts, facts: DomainFacts): Disk | undefined {
  const inside = diskAt(namespace);
  const own = inside && !isUnknown(facts.open) && facts.open.find((file) => sameIdentity(file, inside));
  if (own) return own;
  const [only, ...others] = unclaimed(source.type, facts);
  return others.length === 0 ? only : undefined;
}

/** The file that QEMU alone holds for this disk: it was deleted, or replaced by another of its name. */
function deletedFile(source: SourceFacts, facts: DomainFacts): FileEntry['deleted'] {
  const ends = [source.host.end.path, source.namespace.end.path];
  return unclaimed('file', facts)
    .flatMap((file) => (file.kind === 'file' && file.deleted ? [file.deleted] : []))
    .find(({ path }) => ends.includes(path));
}

/** What a new QEMU would mend, unless this one is the last hold on another disk. */
export function powerCycle(facts: DomainFacts, own?: SourceFacts): string {
  const other = facts.sources.find((source) => source !== own && deletedFile(source, facts));
  const first = other ? `first copy out the file of ${other.source.disk}, which QEMU alone holds; then ` : '';
  return `${first}power the VM off and start it`;
}

/**
 * Where making the path lead there again is no way out: QEMU's is the only hold on the disk. `undefined` where it is not.
 * Measured on QEMU 7.2.22 and libvirt 9.0, of raw and qcow2: see test/qemu/deleted-disk.
 */
export function lastHold(source: SourceFacts, facts: DomainFacts): string | undefined {
  const lost = deletedFile(source, facts);
  if (lost) return rescue(source, lost, facts);
  const device = heldFor(source, facts);
  if (device?.kind !== 'block' || !device.gone) return undefined;
  return (
    `do not migrate: block device ${identity(device)}, which QEMU holds open, is gone, and what the guest writes fails; ` +
    `see that ${source.source.path} leads to the right volume, then ${powerCycle(facts)}`
  );
}

/**
 * A file without a name has none for the copy's end either, when QEMU opens the disk again by its name, so it is given
 * one first; an empty file of that name is what QEMU would then take for its disk, if a copy of a raw disk is aborted.
 */
function rescue(
  own: SourceFacts,
  { path, descriptor }: NonNullable<FileEntry['deleted']>,
  facts: DomainFacts,
): string {
  const { source, host } = own;
  const {
    domain: { name },
    pid,
    credentials: { uid, gid },
  } = facts;
  const [file, copy] = [shellWord(path), shellWord(`${path}.copy`)];
  const aside = host.end.kind === 'missing' ? [] : [`mv ${file} ${shellWord(`${path}.other`)}`];
  const held = `/proc/${pid}/fd/${descriptor}`;
  const only = 'do not power off, restart or migrate it: QEMU has the only copy of a deleted file. As root: ';
  if (source.role !== 'disk' || source.readonly || source.format === undefined) {
    const copied = [
      `cp --sparse=always ${held} ${copy}`,
      `chown ${uid}:${gid} ${copy}`,
      `mv ${copy} ${file}`,
    ];
    return `${only}${[...aside, ...copied].join(' && ')}; then ${powerCycle(facts, own)}`;
  }
  const [domain, disk, format] = [shellWord(name), shellWord(source.disk), shellWord(source.format)];
  // In many languages virsh calls it otherwise (libvirt-l10n), and the orders would end half-way.
  const size = `"$(LC_ALL=C virsh domblkinfo ${domain} ${disk} | awk '/^Capacity/ {print $2}')"`;
  const orders = [
    ...aside,
    `ln -s ${held} ${file}`,
    `qemu-img create -f ${format} ${copy} ${size}`,
    `chown ${uid}:${gid} ${copy}`,
    `virsh blockcopy ${domain} ${disk} ${copy} --format ${format} --reuse-external --transient-job --wait --pivot`,
    `ln -f ${copy} ${file}`,
  ];
  return only + orders.join(' && ');
}
