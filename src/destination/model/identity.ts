/**
 * The name of a volume or a file that is the same on every host which reaches it. Two names of one `kind` are names of
 * one thing only if their values are equal; names of different kinds prove nothing.
 */
export interface Identity {
  readonly kind: string;
  readonly value: string;
}

/**
 * The identity of a block device by its attributes in sysfs. Not used, because a host may make it up or word it in its
 * own manner: `t10.` and `nvme.` names, and device-mapper's other UUIDs, as `CRYPT-`, which ends with a local name
 * (cryptsetup's dm_prepare_uuid).
 */
export function deviceIdentity(attribute: (name: string) => string): Identity | undefined {
  const mapped = attribute('dm/uuid');
  // The UUIDs of volume group and volume; what follows them names a hidden part (lvm2's build_dm_uuid).
  const volume = /^LVM-([0-9A-Za-z]{64})$/.exec(mapped)?.[1];
  if (volume !== undefined) return { kind: 'LVM', value: `LVM-${volume}` };
  // multipath-tools: `mpath-` and the WWID of the paths; 3 stands for NAA (udev's scsi_id).
  const path = /^mpath-(.+)$/.exec(mapped)?.[1]?.replace(/^3(?=[0-9a-f]+$)/, 'naa.');
  return namedByStorage(path ?? (attribute('wwid') || attribute('device/wwid')));
}

/**
 * What the storage calls the volume itself: NAA or EUI-64 of SCSI (scsi_vpd_lun_id of drivers/scsi/scsi_lib.c), EUI-64,
 * NGUID or UUID of NVMe (wwid_show of drivers/nvme/host/sysfs.c). One volume may have a short name and a long one, and
 * kernels differ in which they prefer.
 */
function namedByStorage(wwid: string): Identity | undefined {
  const [, kind, digits] = /^(naa|eui|uuid)\.([0-9a-f-]{16,36})$/.exec(wwid) ?? [];
  return digits === undefined ? undefined : { kind: `${kind} ${digits.length}`, value: wwid };
}

/**
 * File systems that several hosts mount, and whose f_fsid of statfs(2) is made of their UUID: ceph_statfs, ocfs2_statfs,
 * gfs2_statfs. NFS and FUSE leave it 0. Of a local one equal ids prove nothing: hosts may be copies of one image.
 */
const clusterFileSystems = new Map([
  ['c36400', 'CephFS'],
  ['7461636f', 'OCFS2'],
  ['1161970', 'GFS2'],
]);

/** `type` and `id` of the file system in hexadecimal, as stat(1) prints them. */
export function fileIdentity(
  { type, id }: { type: string; id: string },
  inode: string,
): Identity | undefined {
  const name = clusterFileSystems.get(type);
  if (name === undefined || /^0*$/.test(id)) return undefined;
  return { kind: `${name} ${id}`, value: `inode ${inode}` };
}
