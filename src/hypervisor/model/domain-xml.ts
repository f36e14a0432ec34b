import { child, children, descend, XmlError, type Element } from '../../core/element';
import { textOf } from '../../messages';
import { jobIn } from './job';

/**
 * Why QEMU has this file: the disk itself, a file below it, the target of a copy job, or firmware. `node` is a
 * block node that QEMU reported and libvirt's XML lacks.
 */
type SourceRole = 'disk' | 'backing' | 'mirror' | 'loader' | 'nvram' | 'node';

const aioModes = ['threads', 'native', 'io_uring'] as const;

/** One file or device that libvirt gave to QEMU by its path. */
export interface DiskSource {
  /** Target name of the disk (`vda`), or the role of the firmware file. */
  readonly disk: string;
  readonly role: SourceRole;
  readonly path: string;
  /** What the path must lead to: a device, or a regular file. */
  readonly type: 'block' | 'file';
  /** `raw`, `qcow2`, …: of the disk itself, where libvirt's XML has it. */
  readonly format?: string;
  readonly readonly: boolean;
  readonly shareable: boolean;
  /** The medium of a CD-ROM drive, or a file below it: the guest can never write to it. */
  readonly cdrom?: true;
  /** The data of a qcow2 file that is only metadata (`data-file` of qcow2.txt): another image has the same role. */
  readonly data?: true;
  /** QEMU opens it with O_DIRECT (`cache='none'` or `'directsync'`). */
  readonly direct: boolean;
  /** How QEMU does its I/O (`<driver io=…>`), where libvirt's XML has it. */
  readonly aio?: (typeof aioModes)[number];
  /**
   * A medium that libvirt leaves out on the destination when it is missing there: `startupPolicy` `requisite` or `optional`
   * of a CD-ROM or floppy (formatdomain.html; not for other disks, whatever their policy is).
   */
  readonly dispensable?: true;
  /** Name of QEMU's protocol node, where libvirt's status XML has it. */
  readonly node?: string;
  /** libvirt's status XML has no node of the format besides it. */
  readonly isOnlyNode?: true;
  /** Of the disk itself: the same of its format node. */
  readonly formatNode?: string;
  /** Of the disk itself: the id of the guest's device in QEMU. */
  readonly alias?: string;
}

/** A source that is not a local path (rbd, iscsi, nbd, …), or whose path libvirt's XML lacks. */
interface OtherSource {
  readonly disk: string;
  readonly type: string;
}

export interface Domain {
  readonly name: string;
  readonly uuid: string;
  /** libvirt's state (`running`, `paused`, …), where the document has it. */
  readonly state?: string;
  /** Its long job, where the document has one. */
  readonly job?: string;
  readonly pid?: number;
  /** A VM of OpenNebula of which libvirt has a definition, as far as that can be seen. */
  readonly isPersistent?: true;
  /**
   * Its QEMU has `blockdev-set-active`, by the capabilities that libvirt found at its start (`<qemuCaps>`, libvirt 11): of
   * that release on (10.0) QEMU reports which block nodes are active.
   */
  readonly reportsActive?: true;
  readonly sources: readonly DiskSource[];
  readonly others: readonly OtherSource[];
}

/** Source types that are never a path of the file system. */
const networkTypes = new Set(['network', 'nvme', 'vhostuser', 'vhostvdpa']);

/**
 * The domain of libvirt's status XML (`<domstatus>`) or of `virsh dumpxml` (`<domain>`).
 * @throws XmlError when the document is not a domain.
 */
export function domainOf(root: Element): Domain {
  const domain = root.name === 'domain' ? root : child(root, 'domain');
  const name = child(domain, 'name')?.text;
  const uuid = child(domain, 'uuid')?.text;
  if (!domain || !name || !uuid) throw new XmlError(textOf('not-a-domain'));
  const status = root.name === 'domstatus' ? root.attributes : undefined;
  const state = status?.get('state');
  const job = jobIn(root);
  const pid = /^[1-9][0-9]{0,9}$/.exec(status?.get('pid') ?? '')?.[0];
  const disks = children(child(domain, 'devices'), 'disk').map(diskSources);
  const reportsActive = children(child(root, 'qemuCaps'), 'flag').some(
    ({ attributes }) => attributes.get('name') === 'blockdev-set-active',
  );
  return {
    name,
    uuid: uuid.toLowerCase(),
    ...(state === undefined ? {} : { state }),
    ...(job === undefined ? {} : { job }),
    ...(pid === undefined ? {} : { pid: Number(pid) }),
    ...(reportsActive ? { reportsActive } : {}),
    sources: [...disks.flatMap((disk) => disk.sources), ...firmware(child(domain, 'os'))],
    others: disks.flatMap((disk) => disk.others),
  };
}

interface Sources {
  readonly sources: readonly DiskSource[];
  readonly others: readonly OtherSource[];
}

function diskSources(element: Element): Sources {
  const driver = child(element, 'driver')?.attributes;
  const cache = driver?.get('cache') ?? '';
  const format = driver?.get('type');
  const aio = aioModes.find((mode) => mode === driver?.get('io'));
  const disk = child(element, 'target')?.attributes.get('dev') ?? '?';
  const device = element.attributes.get('device') ?? 'disk';
  const readonly = child(element, 'readonly') !== undefined || device === 'cdrom';
  const alias = child(element, 'alias')?.attributes.get('name');
  const removable = device === 'cdrom' || device === 'floppy';
  const shared = {
    disk,
    shareable: child(element, 'shareable') !== undefined,
    direct: cache === 'none' || cache === 'directsync',
    ...(device === 'cdrom' ? { cdrom: true as const } : {}),
    ...(aio === undefined ? {} : { aio }),
  };
  const sources: DiskSource[] = [];
  const others: OtherSource[] = [];

  /** `holder` carries `type` and `<source>`: the disk, a backing store, a mirror, or a data store inside. */
  const collect = (holder: Element, role: SourceRole, isReadonly: boolean, isData = false): void => {
    const source = child(holder, 'source');
    const type = holder.attributes.get('type');
    const path = source?.attributes.get('dev') ?? source?.attributes.get('file');
    if (networkTypes.has(type ?? '')) {
      // Also if it has a path: that of `vhostvdpa` is a character device of its own.
      if (source) others.push({ disk, type: type ?? '' });
    } else if (path !== undefined && path !== '') {
      const policy = source?.attributes.get('startupPolicy') ?? '';
      const names = new Map(
        children(descend(source, 'privateData', 'nodenames'), 'nodename').map(({ attributes }) => [
          attributes.get('type'),
          attributes.get('name'),
        ]),
      );
      const [node, formatNode] = [names.get('storage'), names.get('format')];
      const kind = source?.attributes.has('dev') ? 'block' : 'file';
      sources.push({
        ...shared,
        role,
        path,
        type: kind,
        ...(role === 'disk' && format !== undefined ? { format } : {}),
        readonly: isReadonly,
        ...(isData ? { data: true as const } : {}),
        ...(removable && ['requisite', 'optional'].includes(policy) ? { dispensable: true as const } : {}),
        ...(node === undefined ? {} : { node }),
        ...(node !== undefined && formatNode === undefined ? { isOnlyNode: true as const } : {}),
        ...(holder === element && formatNode !== undefined ? { formatNode } : {}),
        ...(holder === element && alias !== undefined ? { alias } : {}),
      });
    } else if (removable && (type === 'file' || type === 'block')) {
      // An empty drive. Once a medium was ejected, libvirt's status XML keeps a <source> without a path.
    } else if (source && type !== undefined) {
      others.push({ disk, type: `${type} without a path` });
    }
    const data = child(source, 'dataStore');
    if (data) collect(data, role, isReadonly, true);
    const backing = child(holder, 'backingStore');
    if (backing?.attributes.has('type')) collect(backing, 'backing', true);
  };
  collect(element, 'disk', readonly);
  const mirror = child(element, 'mirror');
  if (mirror) collect(mirror, 'mirror', false);
  return { sources, others };
}

/** Firmware in flash memory is a block node of QEMU like a disk; `<loader type='rom'>` is read once and closed. */
function firmware(os: Element | undefined): DiskSource[] {
  const loader = child(os, 'loader');
  const nvram = child(os, 'nvram');
  const source = child(nvram, 'source')?.attributes;
  const typeOf = (role: string): 'block' | 'file' =>
    role === 'nvram' && source?.has('dev') === true ? 'block' : 'file';
  const flash = (role: 'loader' | 'nvram', path: string | undefined, readonly: boolean): DiskSource[] =>
    path ? [{ disk: role, role, path, type: typeOf(role), readonly, shareable: false, direct: false }] : [];
  return [
    ...(loader?.attributes.get('type') === 'pflash'
      ? flash('loader', loader.text, loader.attributes.get('readonly') !== 'no')
      : []),
    ...flash('nvram', source?.get('dev') ?? source?.get('file') ?? nvram?.text, false),
  ];
}
