import type { MessageRow } from './message';

/**
 * Opening a disk, by another process as QEMU's user and by QEMU itself (src/disk-paths/checks/disk-open.ts). For short forms
 * see disk-paths.ts.
 */
export const diskOpen = {
  'opened-as-qemu': { text: 'another process opened it inside the namespace as QEMU ({user})' },
  'opened-without-qemu': {
    text: 'another process opened it inside the namespace as QEMU ({user}); QEMU itself was not asked: {why}',
    cause: 'QEMU is not asked while a job runs, on storage that is slow, or with `check.ask_qemu: false`',
  },
  'opened-by-qemu': { text: 'QEMU itself opened it' },
  'open-refused': {
    text: 'opening it inside the namespace as QEMU ({user}) failed: {error}',
    short: 'opening it as QEMU failed: {error}',
    cause: 'the kernel refused to open the node: device cgroup, label, storage',
    remedy: 'see why {path} cannot be opened there',
  },
  'opened-another': {
    text: 'opening it inside the namespace leads to {device}, which QEMU does not hold open',
    short: 'opened as QEMU, it is another volume than QEMU holds',
    cause: 'another volume is at the end of the path',
    remedy: 'do not migrate: find out which is the right volume',
  },
  'qemu-device-cgroup': {
    text: 'QEMU itself may not open it (EPERM), although its user may: the device cgroup of this VM refuses block device {device}',
    short: 'the device cgroup of this VM refuses to open it (EPERM)',
    cause:
      'what libvirt had allowed was dropped, for instance by systemd; what QEMU holds open works on, until the VM migrates',
    remedy:
      'allow it again: with cgroup v1 write "b {device} rw" to devices.allow of its cgroup (see /proc/{pid}/cgroup); otherwise {powerCycle}',
  },
  'qemu-profile': {
    text: 'QEMU itself may not open it (EACCES), although its user may: the profile of this VM refuses it (AppArmor, SELinux)',
    short: 'the AppArmor or SELinux profile refuses to open it (EACCES)',
    cause: 'the path was re-pointed after the VM started, and its profile has only what libvirt knew then',
    remedy:
      'see the denial (dmesg; ausearch -m AVC): allow {path} in /etc/apparmor.d/libvirt/libvirt-{uuid}.files and load it with apparmor_parser -r /etc/apparmor.d/libvirt/libvirt-{uuid}, or give it the SELinux label of the VM; otherwise {powerCycle}',
  },
  'qemu-cannot-open': {
    text: 'QEMU itself cannot open it, although its user can: {error}',
    short: 'QEMU itself cannot open it, although its user can',
    cause: 'something that applies to the process of QEMU alone',
    remedy: 'do not migrate: see why {path} cannot be opened; {powerCycle}',
  },
  'qemu-opened-another': {
    text: 'QEMU itself opens {devices} by that path, but holds {device}',
    short: 'by its path QEMU opens another volume than it holds',
    cause: 'another volume is at the end of the path',
    remedy: 'do not migrate: find out which is the right volume',
  },
  'qemu-open-unanswered': {
    text: 'QEMU was asked to open it, and whether it could is not known: {why}',
    short: 'whether QEMU itself can open it is not known',
    cause: 'libvirt’s daemon or QEMU did not answer in time, or a job began at that moment',
    remedy: 'see whether the VM answers (virsh domstate {domain}), then run again',
  },
  'new-descriptor-not-found': {
    text: 'none of its new descriptors is that disk',
    cause: 'QEMU opened or closed other files at that moment',
  },
  'node-left': {
    text: 'block node {node} may be left in QEMU: {why}; it keeps the device open until the next run that asks QEMU, which removes it',
    short: 'a block node of ours may be left in QEMU',
    cause: 'a job began while QEMU was asked, or libvirt’s daemon did not answer in time',
  },
  'node-left-before': { text: 'a block node of an earlier question may still be in QEMU' },
  'ask-qemu-off': { text: 'check.ask_qemu is false' },
  'libvirt-job-runs': { text: "libvirt's job {job} runs" },
  'migration-runs': { text: 'a migration runs' },
  'block-job-runs': { text: 'a block job runs' },
  'guest-is': { text: 'the guest is {status}' },
  'block-state-is': { text: 'the block state is {state}' },
  'not-opened-before': { text: 'another process could not open it just now' },
  'not-read-before': { text: 'another process could not read it with O_DIRECT' },
  'opened-slowly': { text: 'opening it took another process {ms} ms' },
  'driver-not-asked': { text: 'QEMU opens it by another driver than those of files and block devices' },
} as const satisfies Readonly<Record<string, MessageRow>>;
