export interface StatusDisk {
  /** Default: `vda`, `vdb`, … in order. */
  readonly target?: string;
  readonly path: string;
  readonly type?: 'block' | 'file';
  readonly readonly?: boolean;
  readonly device?: 'disk' | 'cdrom';
  /** The backing file of the disk. */
  readonly below?: Pick<StatusDisk, 'path' | 'type'>;
}

interface StatusDomain {
  readonly name: string;
  readonly uuid: string;
  readonly pid: number;
  readonly disks: readonly StatusDisk[];
}

/** The relevant parts of libvirt 9.0's /run/libvirt/qemu/NAME.xml. */
export function statusXml({ name, uuid, pid, disks }: StatusDomain): string {
  const elements = disks.map(({ target, path, type = 'block', device = 'disk', readonly, below }, index) => {
    const source = type === 'block' ? 'dev' : 'file';
    return `
      <disk type='${type}' device='${device}'>
        <driver name='qemu' type='raw' cache='none' io='native'/>
        <source ${source}='${escape(path)}' index='${index + 1}'/>
        ${below === undefined ? '<backingStore/>' : backingStore(below)}
        <target dev='${target ?? `vd${String.fromCharCode(97 + index)}`}' bus='virtio'/>${readonly === true ? '\n        <readonly/>' : ''}
      </disk>`;
  });
  return `<!--
WARNING: THIS IS AN AUTO-GENERATED FILE. CHANGES TO IT ARE LIKELY TO BE
OVERWRITTEN AND LOST. Changes to this xml configuration should be made using:
  virsh edit ${escape(name)}
-->

<domstatus state='running' reason='booted' pid='${pid}'>
  <namespaces>
    <mount/>
  </namespaces>
  <domain type='kvm' id='1'>
    <name>${escape(name)}</name>
    <uuid>${uuid}</uuid>
    <devices>${elements.join('')}
    </devices>
  </domain>
</domstatus>
`;
}

function backingStore({ path, type = 'block' }: Pick<StatusDisk, 'path' | 'type'>): string {
  return `<backingStore type='${type}'>
          <format type='qcow2'/>
          <source ${type === 'block' ? 'dev' : 'file'}='${escape(path)}'/>
          <backingStore/>
        </backingStore>`;
}

function escape(text: string): string {
  return text.replace(/[&<>"'\n\t\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}
