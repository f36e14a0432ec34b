import type { MessageRow } from './message';

/** What the checks of disk paths find (src/disk-paths). */
export const diskPaths = {
  'source-is-no-path': { text: 'a source of type {type} is not a path' },
  'source-without-path': {
    text: 'libvirt gives no path for this source of type {type}',
    short: 'libvirt gives no path for its source ({type})',
    cause: 'a disk from a libvirt storage pool',
    remedy: 'look at it with virsh dumpxml',
  },
  'path-leads-to-disk': { text: 'the path leads to a disk' },
  'path-not-read': {
    text: '{failure} {where}',
    short: 'its path cannot be read {where}',
    cause: 'not root, `root_squash`, or the file system does not answer',
    remedy: 'look at {end} {where}',
  },
  'path-missing-on-host': {
    text: '{failure} on the host',
    short: 'its path leads to no disk on the host',
    cause:
      'the link dangles, or the volume is not attached; nothing can be repaired before it leads to the disk again',
    remedy: 'make {path} lead to {held} again',
  },
  'held-device': { text: 'block device {device}, which QEMU holds open,' },
  'held-disk': { text: 'the disk on this host' },
  'path-missing-inside': {
    text: "{failure} in QEMU's mount namespace",
    short: 'its path is missing for QEMU; run migrate-guard repair',
    cause: 'the path was re-pointed after the VM started',
  },
  'directory-closed': {
    text: 'QEMU may not search {directory}',
    short: 'QEMU may not search a directory of its path',
    cause: 'a directory of the path is closed to the user of QEMU',
  },
  'path-not-needed': {
    text: '{missing}, but QEMU holds this disk read-only and does not open it again to migrate',
    cause: 'a CD-ROM, a read-only disk or a backing file whose path is gone; it does not stop a migration',
  },
  'medium-left-out': {
    text: '{failure} on the host, but libvirt leaves that medium out when the VM migrates (startupPolicy)',
    cause: 'a CD-ROM or floppy whose image is gone; it does not stop a migration',
  },
  'repair-domain': { text: 'migrate-guard repair {domain}' },
  'not-repairable': {
    text: 'not repairable: {why}; {powerCycle}, or make the path lead through /dev again',
    cause: 'libvirt’s rules for /dev cannot make that path',
  },
  'neighbour-not-repairable': {
    text: '{disk} shares a part of its path, and {why}',
    cause: 'a link that has to be replaced is also on the path of another disk',
  },
  'do-not-migrate-other-disk': {
    text: 'do not migrate: the path of the host does not lead to what QEMU holds open',
    cause: 'another volume stands behind the path: see the device that is named',
  },
} as const satisfies Readonly<Record<string, MessageRow>>;
