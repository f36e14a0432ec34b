import type { MessageRow } from './message';

/** The destination of a VM (src/destination). */
export const destination = {
  'destination-not-asked': {
    text: '{host} could not be asked: {why}',
    short: '{host} could not be asked: {why}',
    cause: 'ssh as oneadmin fails',
    remedy: 'try: ssh {host} true, as oneadmin',
  },
  'copy-not-known': {
    text: 'whether {host} has a copy of {domain} cannot be determined: {why}',
    short: 'whether {host} has a copy is not known',
    cause:
      'ssh or libvirt’s daemon of the destination does not answer; QEMU here must not take its disks back',
  },
  'copy-left': {
    text: '{host} still has a copy of {domain}',
    short: '{host} still has a copy of it',
    cause:
      'it runs, or waits, on the destination too. `virsh domstate --reason NAME` there: `paused (migrating)` came over in part, and may be destroyed there; anything else is a whole VM: runbook, 7',
  },
  'no-state-there': { text: 'libvirt on the destination gives no state of it' },
  'virsh-failed': { text: 'virsh failed' },

  'destination-leads-to-disk': { text: 'the path leads to a {type} on {host}' },
  'destination-left-out': {
    text: 'the path leads to nothing on {host}, but libvirt leaves that medium out when the VM migrates (startupPolicy)',
    cause: 'a CD-ROM or floppy whose image is not on the destination; it does not stop a migration',
  },
  'destination-without-disk': {
    text: 'the path leads to nothing on {host}',
    short: 'its path leads to nothing on {host}',
    cause: 'the volume is not attached on the destination',
    remedy: 'make {path} lead to the disk on {host}, or migrate to another host',
  },
  'destination-still-without-disk': {
    text: 'the path leads to nothing on {host}, even {seconds} s later',
    short: 'its path leads to nothing on {host}',
    cause: 'the volume is not attached on the destination, also after `destination.wait` seconds',
    remedy: 'make {path} lead to the disk on {host}, or migrate to another host',
  },
  'destination-other-kind': {
    text: 'the path leads to a {type} on {host}, which is not a disk',
    short: 'its path leads to no disk on {host}',
    cause: 'something else is where the disk should be on the destination',
    remedy: 'make {path} lead to the disk on {host}, or migrate to another host',
  },
  'destination-file-for-device': {
    text: 'the path leads to a regular file on {host}, where QEMU needs a block device',
    short: 'its path leads to a file on {host}',
    cause: 'a file was left, or made, where the link to the volume should be on the destination',
    remedy: 'see what {path} is on {host}, and make it lead to the volume, or migrate to another host',
  },
  'destination-device-for-file': {
    text: 'the path leads to a block device on {host}, where QEMU needs a regular file',
    short: 'its path leads to a device on {host}',
    cause: 'QEMU’s driver for files opens no device: the path leads to something else on the destination',
    remedy: 'see what {path} is on {host}, and make it lead to the file, or migrate to another host',
  },
  'destination-too-small': {
    text: 'the path leads to a device of {size} bytes on {host}, but QEMU’s disk has {needed} bytes',
    short: 'its device is smaller on {host}',
    cause: 'the volume has grown and the destination does not know it yet; or it is another volume',
    remedy: 'have {host} read the size of the volume at {path} again, or migrate to another host',
  },
  'destination-other-volume': {
    text: 'the path leads to {there} on {host}, but to {here} on this host',
    short: 'its path leads to another volume on {host}',
    cause:
      'both hosts know the volume, or the file, by a name that is the same on all hosts, and the names differ',
    remedy: 'do not migrate there: make {path} lead to {here} on {host}, too',
  },
} as const satisfies Readonly<Record<string, MessageRow>>;
