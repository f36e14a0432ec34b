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
    cause: 'ssh or libvirtd of the destination does not answer; QEMU here must not take its disks back',
  },
  'copy-left': {
    text: '{host} still has a copy of {domain}',
    short: '{host} still has a copy of it',
    cause:
      'it runs, or waits, on the destination too. `virsh domstate --reason NAME` there: `paused (migrating)` came over in part, and may be destroyed there; anything else is a whole VM: runbook, 7',
  },
  'no-state-there': { text: 'libvirt on the destination gives no state of it' },
  'virsh-failed': { text: 'virsh failed' },
} as const satisfies Readonly<Record<string, MessageRow>>;
