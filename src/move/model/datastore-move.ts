import { shellWord } from '../../core/shell-word';
import type { DiskPlace } from '../../hypervisor/model/disk-place';
import { message, textOf, type Message } from '../../messages';

/*
 * OpenNebula 7 moves a running VM to another datastore of its host disk by disk (src/vmm_mad/remotes/lib/kvm/
 * opennebula_vm.rb, live_blockcopy_disks): after a failure some disks may be in the new datastore, while OpenNebula's
 * record has all of them in the old one (OpenNebula#8040).
 */

/** The disks of a domain before and after its mover; `undefined` where they are not known. */
export interface DisksOfMove {
  readonly domain: string;
  readonly before: readonly DiskPlace[] | undefined;
  readonly after: readonly DiskPlace[] | undefined;
  /** The check after the mover has found a problem: its remedy, which is printed before, comes first. */
  readonly isIll?: boolean;
}

/**
 * The stock script deletes the target file of each disk and creates it again (src/vmm_mad/remotes/kvm/migrate,
 * disk_placeholders), also where QEMU has that very file open since an earlier move that failed half way. It skips links,
 * as those of disks on a device.
 * @param target the VM's directory in the new datastore
 */
export function objectionToTarget(
  disks: readonly DiskPlace[],
  target: string | undefined,
): Message | undefined {
  if (target === undefined) return undefined;
  const directory = `${singleSlashes(target).replace(/\/$/, '')}/`;
  const there = disks.filter(
    ({ path, type }) => type === 'file' && singleSlashes(path).startsWith(directory),
  );
  if (there.length === 0) return undefined;
  return message('datastore-disk-there', { disks: names(there), directory });
}

/** Which disks a failed move has taken to the new datastore, and what to do about it. */
export function describeFailedMove(disks: DisksOfMove): Message {
  const { remedy, ...text } = whereDisksAre(disks);
  if (remedy === undefined || !disks.isIll) return { ...text, ...(remedy === undefined ? {} : { remedy }) };
  return {
    ...text,
    remedy: textOf('datastore-first-warning', { domain: shellWord(disks.domain), remedy }),
  };
}

function whereDisksAre({ domain, before, after }: DisksOfMove): Message {
  if (!before || !after) return message('datastore-disks-unknown', { domain: shellWord(domain) });
  const pathBefore = new Map(before.map((place) => [place.disk, place]));
  const isMoved = ({ disk, path }: DiskPlace): boolean => (pathBefore.get(disk)?.path ?? path) !== path;
  const moved = after.filter(isMoved);
  const kept = after.filter((place) => !isMoved(place));
  // Their old file holds only metadata: a copy into it would overwrite its data file.
  const byHand = moved.filter(({ disk }) => pathBefore.get(disk)?.hasDataFile === true);
  const commands = [
    ...after.filter(({ copyingTo }) => copyingTo !== undefined).map(({ disk }) => endCopy(domain, disk)),
    ...moved
      .filter((now) => !byHand.includes(now))
      .flatMap((now) => copyBack(domain, now, pathBefore.get(now.disk))),
  ].join(' && ');
  if (moved.length === 0) {
    const text = message('datastore-none-moved');
    return commands === '' ? text : { ...text, remedy: textOf('datastore-end-copy', { commands }) };
  }
  const values = { moved: names(moved), kept: names(kept), commands };
  const text =
    kept.length === 0 ? message('datastore-all-moved', values) : message('datastore-half-moved', values);
  if (byHand.length === 0) return text;
  const first = textOf('datastore-data-file', { disks: names(byHand) });
  return {
    ...text,
    remedy: commands === '' ? first : textOf('datastore-others', { first, remedy: text.remedy }),
  };
}

/** libvirt keeps the copy job of a disk whose pivot failed, and refuses the next one. */
function endCopy(domain: string, disk: string): string {
  return `virsh blockjob ${shellWord(domain)} ${shellWord(disk)} --abort`;
}

/** To the file that the mover has left at its old place; the guest continues to run. */
function copyBack(domain: string, now: DiskPlace, old: DiskPlace | undefined): string[] {
  if (!old) return [];
  const where = [domain, old.disk, old.path].map(shellWord).join(' ');
  // libvirt copies no disk that QEMU has open read-only; the stock script changes its medium, too.
  if (old.readonly)
    return [`virsh change-media ${where} --update --force${old.type === 'block' ? ' --block' : ''}`];
  const options = [
    ...(old.format === undefined ? [] : ['--format', shellWord(old.format)]),
    ...(old.type === 'block' ? ['--blockdev'] : []),
    ...(now.hasBacking ? ['--shallow'] : []),
    ...['--reuse-external', '--transient-job', '--wait', '--pivot'],
  ];
  return [`virsh blockcopy ${where} ${options.join(' ')}`];
}

function names(places: readonly DiskPlace[]): string {
  return places.map(({ disk }) => disk).join(', ');
}

function singleSlashes(path: string): string {
  return path.replaceAll(/\/{2,}/g, '/');
}
