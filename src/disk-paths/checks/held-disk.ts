import { identity, sameIdentity, type Disk, type FileEntry } from '../../file-tree/model/entry';
import type { DomainFacts, SourceFacts } from '../model/facts';
import type { Finding } from '../../core/finding';
import { shellWord } from '../../core/shell-word';
import { isUnknown } from '../../core/unknown';
import { diskAt, disksAt, type End, type ResolvedPath } from '../../file-tree/model/walk';
import { message, textOf } from '../../messages';

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
  return unclaimed('file', facts)
    .flatMap((file) => (file.kind === 'file' && file.deleted ? [file.deleted] : []))
    .find(({ path }) => [source.host, source.namespace].some((resolved) => endsAt(path, resolved)));
}

/** Whether a path ends there; or would, if the directories above were not deleted with the file. */
function endsAt(file: string, { path, end }: ResolvedPath): boolean {
  if (end.path === file) return true;
  const rest = file.startsWith(`${end.path}/`) ? file.slice(end.path.length) : undefined;
  return end.kind === 'missing' && rest !== undefined && path.replaceAll(/\/{2,}/g, '/').endsWith(rest);
}

/** Starting a new QEMU helps, unless this one alone holds the file of another disk: that has to be copied first. */
export function powerCycle(facts: DomainFacts, own?: SourceFacts): string {
  const other = facts.sources.find((source) => source !== own && deletedFile(source, facts));
  return other ? textOf('power-cycle-after-copy', { disk: other.source.disk }) : textOf('power-cycle');
}

/**
 * The remedy, and the short form, of a disk that QEMU alone holds: making its path lead there again cannot help.
 * `undefined` of any other disk. Measured on QEMU 7.2.22 and libvirt 9.0, of raw and qcow2: see test/qemu/deleted-disk.
 */
export function lastHold(
  source: SourceFacts,
  facts: DomainFacts,
): Required<Pick<Finding, 'short' | 'remedy'>> | undefined {
  const found = messageOfLastHold(source, facts);
  return found && { short: found.what, remedy: found.remedy };
}

function messageOfLastHold(
  source: SourceFacts,
  facts: DomainFacts,
): Required<Pick<Finding, 'what' | 'remedy'>> | undefined {
  const lost = deletedFile(source, facts);
  if (lost) return onlyCopy(source, lost, facts);
  const device = heldFor(source, facts);
  if (device?.kind !== 'block' || !device.gone) return undefined;
  const { path } = source.source;
  return message('device-gone', { device: identity(device), path, powerCycle: powerCycle(facts) });
}

/**
 * A file without a name has none for the copy's end either, when QEMU opens the disk again by its name, so it is given
 * one first; an empty file of that name is what QEMU would then take for its disk, if a copy of a raw disk is aborted.
 */
function onlyCopy(
  own: SourceFacts,
  { path, descriptor }: NonNullable<FileEntry['deleted']>,
  facts: DomainFacts,
): Required<Pick<Finding, 'what' | 'remedy'>> {
  const { source, host } = own;
  const {
    domain: { name },
    pid,
    credentials: { uid, gid },
  } = facts;
  const [file, copy] = [shellWord(path), shellWord(`${path}.copy`)];
  const aside = makeRoom(path, host.end, `-o ${uid} -g ${gid}`);
  const held = `/proc/${pid}/fd/${descriptor}`;
  if (source.role !== 'disk' || source.readonly || source.format === undefined) {
    const commands = [
      ...aside,
      `cp --sparse=always ${held} ${copy}`,
      `chown ${uid}:${gid} ${copy}`,
      `mv ${copy} ${file}`,
    ].join(' && ');
    return message('only-copy-then-start', { commands, powerCycle: powerCycle(facts, own) });
  }
  const [domain, disk, format] = [shellWord(name), shellWord(source.disk), shellWord(source.format)];
  // virsh translates the word (libvirt-l10n): in another locale awk would print nothing.
  const size = `"$(LC_ALL=C virsh domblkinfo ${domain} ${disk} | awk '/^Capacity/ {print $2}')"`;
  const commands = [
    ...aside,
    `ln -s ${held} ${file}`,
    `qemu-img create -f ${format} ${copy} ${size}`,
    `chown ${uid}:${gid} ${copy}`,
    `virsh blockcopy ${domain} ${disk} ${copy} --format ${format} --reuse-external --transient-job --wait --pivot`,
    `ln -f ${copy} ${file}`,
  ].join(' && ');
  return message('only-copy', { commands });
}

/** The commands after which the name is free, in a directory that exists. */
function makeRoom(path: string, end: End, owner: string): string[] {
  if (end.kind !== 'missing') return [`mv ${shellWord(path)} ${shellWord(`${path}.other`)}`];
  if (end.path === path) return [];
  return [`install -d ${owner} ${shellWord(path.replace(/\/[^/]*$/, ''))}`];
}
