import { closeSync, lchownSync, mkdirSync, openSync, truncateSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Domain, type Lab, Volume } from '../lab/harness';
import type { DomainDisk } from '../lab/harness/lab-domain-xml';
import { installGuest, installQcow2Guest } from '../lab/harness/guest';

export interface DiskKind {
  readonly name: string;
  readonly type: 'block' | 'file';
  readonly format: 'raw' | 'qcow2';
}

export const diskKinds: readonly DiskKind[] = [
  { name: 'raw on a block device', type: 'block', format: 'raw' },
  { name: 'qcow2 on a block device', type: 'block', format: 'qcow2' },
  { name: 'raw in a file', type: 'file', format: 'raw' },
  { name: 'qcow2 in a file', type: 'file', format: 'qcow2' },
];

/** One on SCSI, which can be detached although no system runs in the guest. */
const targets = ['vda', 'sda', 'vdc'];
const guest = { writesTo: [0] };
const bytes = 1024 * 1024;

/** What the path of a disk ends at, for {@link breakPath}. */
export interface End {
  readonly volume?: Volume;
  readonly file?: string;
  /** The link that was there when QEMU started. */
  readonly via: string;
}

export interface Vm {
  domain: Domain;
  readonly ends: readonly End[];
}

/** Starts VMs with disks of one kind, on the first host, and ends what belongs to them. */
export class DiskMaker {
  private readonly volumes: Volume[] = [];
  private lastVm = 400;

  constructor(private readonly lab: Lab) {}

  /** A VM with so many disks, each path of which leads through a link below /dev/storpool, and with a CD-ROM. */
  async start(kind: DiskKind, count: number): Promise<Vm> {
    this.lastVm += 1;
    const vmId = this.lastVm;
    const disks: DomainDisk[] = [];
    const ends: End[] = [];
    for (const [index, target] of targets.slice(0, count).entries()) {
      const via = `/dev/storpool/one-${vmId}-disk-${index}`;
      const { type, format } = kind;
      if (type === 'block') {
        const volume = await this.volume(format);
        disks.push({ target, volume, via, format });
        ends.push({ volume, via });
      } else {
        const file = `/var/lib/one/datastores/1/${vmId}-${index}`;
        await this.image(file, format);
        for (const host of this.lab.hosts) host.link(via, file);
        const path = `/var/lib/one/datastores/0/${vmId}/disk.${index}`;
        this.lab.hosts[0]?.link(path, via);
        disks.push({ target, path, type, format });
        ends.push({ file, via });
      }
    }
    const cdrom = `/var/lib/one/datastores/1/${vmId}.iso`;
    await this.image(cdrom, 'raw');
    disks.push({ target: 'hda', device: 'cdrom', type: 'file', path: cdrom });
    return { domain: await this.lab.startDomain(vmId, { disks }), ends };
  }

  /** A volume that every host has a node for. */
  async volume(format: 'raw' | 'qcow2'): Promise<Volume> {
    // An image of 1 MiB, its metadata and the guest's memory in an internal snapshot need more.
    const volume = await Volume.create(format === 'raw' ? bytes : 16 * bytes);
    this.volumes.push(volume);
    if (format === 'raw') volume.installGuest(guest);
    else await volume.installQcow2Guest(guest);
    for (const host of this.lab.hosts) await host.addVolume(volume);
    return volume;
  }

  /** An image on the datastore that all hosts share; it belongs to QEMU's user. */
  async image(file: string, format: 'raw' | 'qcow2'): Promise<void> {
    const [host] = this.lab.hosts;
    if (host === undefined) throw new Error('the lab has no host');
    const outside = host.path(file);
    mkdirSync(dirname(outside), { recursive: true });
    closeSync(openSync(outside, 'w'));
    truncateSync(outside, bytes);
    if (format === 'raw') installGuest(outside, guest);
    else await installQcow2Guest(outside, guest);
    lchownSync(outside, ...host.owner);
  }

  release(): void {
    for (const volume of this.volumes) volume.release();
  }
}

export type Missing = 'directory' | 'link' | 'node';

export const missingParts: readonly Missing[] = ['directory', 'link', 'node'];

let lastName = 0;

/**
 * Changes the path of a disk so that it leads, on every host, to the same disk, but through something that QEMU's mount
 * namespace does not have.
 */
export async function breakPath(
  lab: Lab,
  { domain, ends }: Vm,
  index: number,
  missing: Missing,
): Promise<void> {
  const end = ends[index];
  const path = domain.disks[index]?.path;
  if (end === undefined || path === undefined) throw new Error(`${domain.name} has no disk ${index}`);
  lastName += 1;
  const first = {
    directory: `/dev/storpool-byid-${lastName}/disk`,
    link: `/dev/storpool/new-${lastName}`,
    node: `/dev/sp-${lastName}`,
  }[missing];
  for (const host of lab.hosts) {
    if (missing === 'node' && end.volume) await host.addVolume(end.volume, { as: first });
    else host.link(first, end.volume === undefined ? (end.file ?? '') : `../${end.volume.name}`);
  }
  domain.host.link(path, first);
}

/** Gives the disk the path with which its QEMU started. */
export function restorePath({ domain, ends }: Vm, index: number): void {
  domain.host.link(domain.disks[index]?.path ?? '', ends[index]?.via ?? '');
}
