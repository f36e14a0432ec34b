import type { Volume } from './volume';

export interface DomainDisk {
  /** `vda`; `sda` is on SCSI; a CD-ROM is on IDE: `hda`. */
  readonly target: string;
  /** The path as OpenNebula writes it. Default: `/var/lib/one//datastores/0/VMID/disk.N`. */
  readonly path?: string;
  /** The end of the path. Without one, the path must exist. */
  readonly volume?: Volume;
  /** The link between path and node. Default: `/dev/storpool/one-VMID-disk-N`. */
  readonly via?: string;
  readonly device?: 'disk' | 'cdrom';
  readonly type?: 'block' | 'file';
  readonly format?: 'raw' | 'qcow2';
  readonly readonly?: boolean;
  readonly shareable?: boolean;
  readonly cache?: 'none' | 'writeback' | 'directsync';
}

export interface Nvram {
  /** Read-only firmware image. */
  readonly loader: string;
  readonly path: string;
}

interface DomainSettings {
  readonly name: string;
  readonly uuid: string;
  readonly emulator: string;
  readonly memoryMiB: number;
  readonly disks: readonly (DomainDisk & { readonly path: string })[];
  readonly nvram?: Nvram;
}

export function domainXml({ name, uuid, emulator, memoryMiB, disks, nvram }: DomainSettings): string {
  const firmware =
    nvram === undefined
      ? ''
      : `<loader readonly='yes' type='pflash'>${nvram.loader}</loader><nvram>${nvram.path}</nvram>`;
  return `<domain type='qemu'>
  <name>${name}</name>
  <uuid>${uuid}</uuid>
  <memory unit='MiB'>${memoryMiB}</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type>${firmware}</os>
  <features><acpi/></features>
  <on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>destroy</on_crash>
  <devices>
    <emulator>${emulator}</emulator>
${disks.map(diskXml).join('\n')}
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
  </devices>
</domain>
`;
}

const busOf = (target: string): string => ({ hd: 'ide', sd: 'scsi' })[target.slice(0, 2)] ?? 'virtio';

function diskXml(disk: DomainDisk & { path: string }, index: number): string {
  const {
    target,
    path,
    device = 'disk',
    type = 'block',
    format = 'raw',
    readonly = device === 'cdrom',
    shareable,
    cache = 'none',
  } = disk;
  return `    <disk type='${type}' device='${device}'>
      <driver name='qemu' type='${format}' cache='${cache}'${cache === 'none' ? " io='native'" : ''}/>
      <source ${type === 'block' ? 'dev' : 'file'}='${path}'/>
      <target dev='${target}' bus='${busOf(target)}'/>
      ${readonly ? '<readonly/>' : ''}${shareable ? '<shareable/>' : ''}
      <boot order='${index + 1}'/>
    </disk>`;
}
