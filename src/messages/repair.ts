import type { MessageRow } from './message';

/** Repair, its plan and its steps (src/disk-paths). */
export const repair = {
  'no-own-namespace': { text: 'QEMU shares the mount namespace of the host' },
  'dev-not-of-libvirt': { text: "/dev in QEMU's mount namespace is not libvirt's" },
  'unresolved-on-host': { text: 'the path does not resolve on the host' },
  'lies-in-own-mount': {
    text: "{path} lies in {mount}, a mount of its own in QEMU's mount namespace",
    cause: 'something is mounted below `/dev` in the namespace: give the disk a path outside that mount',
  },
  'only-dev-is-repaired': {
    text: "{path} is missing in QEMU's mount namespace, and only /dev is repaired",
    cause: 'the path leaves `/dev`',
  },
  'host-path-not-makeable': {
    text: "the path of the host cannot be made in QEMU's mount namespace",
    cause: 'what can be made there would not lead QEMU to the same device',
  },
  'entry-not-read-inside': { text: "{path} in QEMU's mount namespace cannot be read: {error}" },
  'entry-of-other-kind': {
    text: '{path} on the host is neither a directory, a link nor a block device',
  },
  'kinds-differ': {
    text: "{path} is {inside} in QEMU's mount namespace, but {onHost} on the host",
    cause: 'something of another kind is in its place in the namespace: look at both with `explain`',
  },
  'node-kept': {
    text: "{path} is block device {device} in QEMU's mount namespace, {why}, but block device {onHost} on the host",
    cause:
      'a node of another device has that name in the namespace, and is in use: look at both with `explain`',
  },
  'node-held': { text: 'which QEMU holds open' },
  'node-perhaps-held': { text: 'which QEMU may hold open' },
  'node-on-path': { text: 'to which the path of {disk} leads' },
  'kind-link-to': { text: 'a link to {target}' },
  'neighbour-not-repairable': {
    text: '{disk} shares a part of its path, and {why}',
    cause: 'a link that has to be replaced is also on the path of another disk',
  },

  'repair-undone': {
    text: 'the repair was undone, because afterwards: {reason}',
    short: 'the repair was undone: {reason}',
    cause:
      'the entries were made, but QEMU could not open the disk; the rest of the line is what check found',
  },
  'step-failed': {
    text: "{domain}: {path} could not be made in QEMU's mount namespace: {why}",
    short: 'its path could not be made for QEMU: {why}',
    cause: 'a step of the repair failed; what was made was removed again',
  },
  'dev-full': {
    text: 'the file system is full (libvirt gives /dev 64 KiB)',
    short: '/dev is full',
    cause: 'the `/dev` of QEMU is full: remove from it what no disk needs, then run again',
    remedy: 'remove from /dev in that namespace what is not a node of a disk',
  },
  'dev-read-only': {
    text: 'the file system is mounted read-only',
    short: '/dev is read-only',
    cause: 'an admin remounted it: `nsenter -t PID -m mount -o remount,rw /dev`',
    remedy: 'remount /dev in that namespace writable',
  },
  'entry-appeared': {
    text: 'something appeared there meanwhile',
    cause: 'libvirt or an admin was at work',
    remedy: 'run again',
  },
  'not-permitted': { text: 'not permitted', remedy: 'run as root' },
  'other-error': { text: '{error}', remedy: 'run again with --verbose' },
  'entry-refused': {
    text: "{domain}: {path} cannot be made in QEMU's mount namespace: {why}",
    short: 'its path cannot be made for QEMU: {why}',
    cause: 'a mount or link is in the place of a directory below `/dev`; it is never followed',
    remedy: 'look at {path} there: nsenter -t {pid} -m ls -la {path}',
  },
  'entry-outside-dev': { text: 'only /dev itself is repaired' },
  'directory-missing': { text: '{directory} is not there as a directory', short: 'its directory is missing' },
  'dev-replaced': {
    text: '/dev there is not the tmpfs that libvirt mounts',
    short: "/dev is not libvirt's",
  },
  'directory-on-other-mount': {
    text: '{directory} is not on the file system of /dev',
    short: 'it is not on /dev',
  },
  'host-entry-changed': {
    text: '{domain}: {path} is now {kind} on the host, not what was planned',
    short: 'an entry of its path changed on the host',
    cause: 'an admin or udev was at work, or QEMU disturbed the look at its paths',
    remedy: 'run again',
  },
  'wrong-node-made': {
    text: '{path} would not have become block device {device}',
    short: 'another node was made than was planned',
    cause: 'QEMU or an admin changed its `/dev` meanwhile',
    remedy: 'run again',
  },
  'node-not-made': {
    text: '{path} could not be made: {error}',
    short: 'a node of its path could not be made',
    cause: 'mknod(1) failed',
    remedy: 'act on the message of mknod',
  },
  'entry-exchanged': {
    text: '{path} was replaced while it was made',
    short: 'an entry was replaced while it was made',
    cause: 'QEMU or an admin changed its `/dev` meanwhile',
    remedy: 'run again',
  },
  'directory-vanished': {
    text: 'the directory of {path} has gone since the repair was planned',
    short: 'a directory of its path has gone meanwhile',
    cause: 'an admin or udev was at work',
    remedy: 'run again',
  },
  'acl-not-read': {
    text: 'the access control list cannot be read: {error}',
    short: 'an access control list cannot be read',
    cause: 'the package `acl` is missing; without the list nothing is made',
    remedy: 'install the package acl',
  },
  'acl-not-copied': {
    text: 'the access control list cannot be copied: {error}',
    short: 'an access control list cannot be copied',
    cause: 'the package `acl` is missing, or `/dev` takes no lists; without the list nothing is made',
    remedy: 'see whether /dev in that namespace takes such lists',
  },
  'label-not-read': {
    text: 'the SELinux label cannot be read: {error}',
    short: 'an SELinux label cannot be read',
    remedy: 'look at it with ls -Z',
  },
  'label-not-copied': {
    text: 'the SELinux label cannot be copied: {error}',
    short: 'an SELinux label cannot be copied',
    remedy: 'look at both with ls -Z',
  },
  'program-missing': { text: '{program} is not installed' },
  'not-a-link-on-host': {
    text: '{path} is {kind} on the host, not a link',
    cause: 'the path that was named is not a link',
  },
} as const satisfies Readonly<Record<string, MessageRow>>;
