import type { MessageRow } from './message';

/**
 * What the checks of disk paths find (src/disk-paths). A short form has at most 60 characters, because the disk's name
 * comes before it, and the first 45 name what is wrong.
 */
export const diskPaths = {
  'source-is-no-path': { text: 'a source of type {type} is not a path' },
  'source-without-path': {
    text: 'libvirt gives no path for this source of type {type}',
    short: 'libvirt gives no path for it ({type})',
    cause: 'a disk from a libvirt storage pool',
    remedy: 'look at it with virsh dumpxml',
  },
  'on-the-host': { text: 'on the host' },
  'inside-namespace': { text: "in QEMU's mount namespace", short: 'for QEMU' },
  'path-leads-to-disk': { text: 'the path leads to a disk' },
  'path-not-read': {
    text: '{failure} {where}',
    short: '{failure} {where}',
    cause: 'not root, `root_squash`, or the file system does not answer',
    remedy: 'look at {end} {where}',
  },
  'path-missing-on-host': {
    text: '{failure} on the host',
    short: '{failure} on the host',
    cause:
      'the link dangles, or the volume is not attached; nothing can be repaired before it leads to the disk again',
    remedy: 'make {path} lead to {held} again',
  },
  'path-still-missing-on-host': {
    text: '{failure} on the host, even {seconds} s later',
    short: '{failure} on the host',
    cause: 'the same, also after `destination.wait` seconds',
    remedy: 'make {path} lead to {held} again',
  },
  'held-device': { text: 'block device {device}, which QEMU holds open,' },
  'held-disk': { text: 'the disk on this host' },
  'path-missing-inside': {
    text: "{failure} in QEMU's mount namespace",
    short: '{failure} for QEMU',
    cause: 'the path was re-pointed after the VM started',
  },
  'path-repairable': { text: 'its path is missing for QEMU; run migrate-guard repair' },
  'directory-closed': {
    text: 'QEMU may not search {directory}',
    short: 'QEMU may not search a directory of its path',
    cause: 'a directory of the path is closed to the user of QEMU',
  },
  'path-not-needed': {
    text: '{missing}, but QEMU holds this disk read-only and does not open it again to migrate',
    cause: 'a CD-ROM or a read-only disk whose path is gone; it does not stop a migration',
  },
  'domain-persistent': {
    text: 'libvirt has a definition of this VM, which makes the move to another datastore fail ("domain is not transient")',
    short: 'libvirt has a definition of this VM',
    remedy: 'virsh undefine {domain} --keep-nvram (the VM continues to run)',
    cause: 'OpenNebula failed to undefine the VM after an earlier move of that kind (OpenNebula#7770)',
  },
  'harmless-to-order': {
    text: '{problem}; this makes only these orders fail: {harmed}',
    short: '{problem}',
    cause:
      'the check asks for other orders (without `--for`: a migration and a save), which succeed all the same',
  },
  harmless: {
    text: '{problem}, but QEMU hands this disk over, and takes it back, without opening it by its path',
    short: '{problem}',
    cause:
      'a raw disk that libvirt 11.3 or later gave to QEMU as one node, or a device below a snapshot that QEMU before 6.0 still holds for writing: migrations, saves, snapshots and moves succeed all the same, and `migrate-guard repair` makes the path',
  },
  'reopening-unknown': {
    text: '{failure}, and whether QEMU opens this disk again to migrate is unknown: {why}',
    short: '{failure}',
    cause: "QEMU's descriptors could not be read (`/proc/PID/fdinfo`), or it just opened the disk otherwise",
    remedy: 'run again',
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
  'do-not-migrate-other-disk': {
    text: 'do not migrate: the path of the host does not lead to what QEMU holds open',
    cause: 'the path leads to another volume: see the device that is named',
  },

  'power-cycle': { text: 'power the VM off and start it' },
  'power-cycle-after-copy': {
    text: 'first copy out the file of {disk}, which QEMU alone holds; then power the VM off and start it',
  },
  'device-gone': {
    text: 'QEMU holds a block device that is gone; do not migrate',
    cause: 'the volume was detached by force, or its server is gone; what the guest writes fails',
    remedy:
      'do not migrate: block device {device}, which QEMU holds open, is gone, and what the guest writes fails; see that {path} leads to the right volume, then {powerCycle}',
  },
  'only-copy': {
    text: 'QEMU has its only copy, a deleted file; do not power off',
    cause: 'the file was deleted, or replaced by another; do as the commands are printed: see the runbook',
    remedy:
      'do not power off, restart or migrate it: QEMU has the only copy of a deleted file. As root: {commands}',
  },
  'only-copy-then-start': {
    text: 'QEMU has its only copy, a deleted file; do not power off',
    cause: 'the same, of a disk that QEMU cannot copy by itself',
    remedy:
      'do not power off, restart or migrate it: QEMU has the only copy of a deleted file. As root: {commands}; then {powerCycle}',
  },

  'link-hops': {
    text: '{link} hops between devices: it led to {first}, and a moment later to {second}',
    short: 'a link of its path hops between devices',
    cause:
      'two devices have the same name for udev, such as the model and serial number of two NVMe namespaces',
    remedy:
      'do not migrate: make the path lead through a name that no other device has (ls -l /dev/disk/by-id)',
  },
  'relink-to': { text: 'migrate-guard relink {link} {target}' },

  'open-files-not-read': {
    text: 'what QEMU holds open cannot be read: {why}',
    short: 'what QEMU holds open cannot be read',
    cause: 'not root',
    remedy: 'run as root',
  },
  'path-leads-to-open-disk': { text: 'the path leads to what QEMU holds open' },
  'block-device': { text: 'block device {identity}' },
  'file-with-inode': { text: 'file {identity}' },
  'no-disk-held': { text: 'no such device or file' },
  'none-but-these': { text: 'none but {identities}' },
  'path-leads-elsewhere': {
    text: 'the path leads to {device} {where}, but QEMU holds {held} open',
    short: 'its path leads to another volume than QEMU holds open',
    cause: 'the path now names another volume',
    remedy:
      'do not migrate: find out which is the right volume, and make the path lead to what QEMU holds open',
  },
  'views-differ': {
    text: "the path leads to {onHost} on the host, but to {inside} in QEMU's mount namespace",
    short: 'its path leads to another volume for QEMU than here',
    cause: 'QEMU holds both open, and they differ',
    remedy: 'do not migrate: find out which is the right volume, and make both lead there',
  },
  'path-above-itself': {
    text: 'the path is that of a backing file of {disk}, but leads to {device}, which lies above it in the same chain: the destination, which opens {disk} again, would get the wrong one',
    short: 'the path of its backing file leads to a newer file',
    cause: 'OpenNebula’s live snapshot moved the disk’s link; as it is, what is saved cannot be restored',
    remedy:
      'do not migrate or save: a live snapshot re-pointed that path; {powerCycle}, and libvirt reads the chain again',
  },
  'one-volume-for-two': {
    text: '{disk} and {other} both lead to {device}, so one of them is the wrong volume',
    short: 'its path leads to the volume of {other}',
    cause: 'two disks of the VM on one volume',
    remedy: 'do not migrate: find out which of the two paths is wrong',
  },
  'nfs-mounted-again': {
    text: 'the path leads to the file that QEMU holds, by another mount of the same NFS directory: {device}, held as {held}',
    cause:
      'the NFS directory was mounted over its earlier mount, with other options; it does not stop a migration',
  },
  'medium-replaced': {
    text: 'the image of this CD-ROM was replaced: the path leads to {device}, which the guest reads after a migration; until then it reads the one that QEMU holds, {held}',
    short: 'the image of its CD-ROM was replaced',
    cause:
      'an ISO image was written again, such as OpenNebula’s context; it does not stop a migration: to keep the old image, put it back before',
  },
  'firmware-replaced': {
    text: 'the firmware was replaced since the VM started; QEMU has the old file, and does not open it again to migrate',
    cause: 'an upgrade of OVMF or the like; it does not stop a migration',
  },

  'access-allowed': { text: 'QEMU ({user}) may open it' },
  'access-refused': {
    text: 'QEMU ({user}) may not open {path} in its mount namespace: {why}',
    short: 'QEMU may not open it: {why}',
    cause: 'owner, mode or mount options in QEMU’s mount namespace do not admit its user',
    remedy: 'let {user} use {path}, as seen in that namespace',
  },
  'access-unknown': {
    text: 'whether QEMU may use {path} cannot be determined: {error}',
    short: "QEMU's access to it is unknown: {error}",
    cause: 'the storage answered with an error',
    remedy: 'run again',
  },
  'directory-not-searchable': {
    text: 'EACCES, it may not search this directory',
    short: 'a directory is closed to it',
    cause: 'a directory of the path is closed to the user of QEMU: open it (`chmod o+x`, or its group)',
  },
  'link-protected': {
    text: 'fs.protected_symlinks forbids to follow a link of another owner in a sticky, world-writable directory',
    short: 'fs.protected_symlinks forbids it',
    cause: 'let the link belong to the owner of the directory',
  },
  'link-nosymfollow': {
    text: 'it is a link on a file system mounted nosymfollow',
    short: 'a link is mounted nosymfollow',
  },
  'mounted-nodev': { text: 'it lies on a file system mounted nodev', short: 'it is mounted nodev' },
  'mounted-read-only': {
    text: 'it lies on a file system mounted read-only',
    short: 'it is mounted read-only',
  },
  'owner-and-mode': { text: 'mode {mode}, owner {uid}:{gid}' },

  'path-not-looked-at': {
    text: '{path} could not be looked at: {error}',
    short: 'its path could not be looked at: {error}',
    cause: 'the process that looks at paths ended',
    remedy: 'see migrate-guard doctor',
  },
  'path-hangs': {
    text: '{path} could not be looked at: {error}',
    short: 'the storage of its path does not answer',
    cause: 'the storage does not answer',
    remedy: 'see whether the storage answers: findmnt -T {path}, dmesg',
  },
  'open-mode-not-read': { text: 'how QEMU opened it was not read', remedy: 'run again' },

  'block-nodes-not-read': {
    text: 'QEMU could not be asked for its block nodes: {why}',
    short: "QEMU's block nodes cannot be read",
    cause: 'libvirt’s daemon does not run or does not answer; without `--deep` it is not needed',
    remedy: 'see whether libvirt’s daemon (libvirtd or virtqemud) runs and answers',
  },
  'names-agree': { text: 'QEMU and libvirt call every file by the same name' },
  'names-differ': {
    text: 'libvirt calls it {path}, QEMU {node}; both were checked',
    cause: 'a snapshot or a job gave QEMU another file',
  },
  'not-open-in-qemu': {
    text: "libvirt's XML names it, but QEMU has no such file open by that name",
    cause: 'a snapshot or a job gave QEMU another file',
  },
  'not-in-libvirt-xml': {
    text: "QEMU has it open as node {node}, libvirt's XML does not name it; it was checked too",
    cause: 'a snapshot or a job gave QEMU another file',
  },

  'guest-disks-not-read': {
    text: 'QEMU could not be asked for the disks of the guest: {why}',
    short: 'the disks of the guest cannot be read',
    cause: 'libvirt’s daemon or QEMU stopped answering; without `--deep` it is not needed',
    remedy: 'see whether libvirt’s daemon (libvirtd or virtqemud) runs and answers',
  },
  'disks-changed': {
    text: 'libvirt changed the disks of this VM meanwhile, as for a snapshot',
    remedy: 'run again',
  },
  'top-file-unknown': {
    text: 'QEMU does not show to which file the guest writes',
    short: 'to which file the guest writes is unknown',
    cause: 'a node that libvirt does not know is on top of the disk, and its name is too long',
    remedy: "virsh qemu-monitor-command {domain} --hmp 'info block' shows the guest's disks",
  },
  'top-file-differs': {
    text: 'the guest uses {top}, but libvirt names {path}: the destination would be started with that file instead',
    short: 'libvirt names another file than the guest uses',
    cause:
      'a snapshot or a commit was made without libvirt, or libvirt lost track of one; what is written since would be missing',
    remedy:
      'do not migrate or save: shut the guest down, then bring what {top} holds (qemu-img info --backing-chain {top}) into {path} before it starts again',
  },

  'device-read-only': {
    text: 'block device {device} is read-only on this host: QEMU could not take the disk back after a failed migration',
    short: 'its block device is read-only on this host',
    cause: 'the storage made the volume read-only: a snapshot, a lost reservation, `blockdev --setro`',
    remedy:
      'do not migrate: find out why (lsblk --output NAME,RO {path}), make it writable (blockdev --setrw {path}), and check again',
  },
  'device-mode-not-read': {
    text: 'whether block device {device} is read-only cannot be read: {error}',
    short: 'whether its block device is read-only is unknown',
    cause: '/sys is not mounted, or its kernel has no such file',
    remedy: 'mount sysfs on /sys',
  },
  'held-read-only': {
    text: 'QEMU holds this disk read-only, although the VM may write to it',
    cause: 'the device was read-only when the VM started, or the disks wait for the VM to be resumed',
  },

  'volumes-exchanged': {
    text: 'the path leads to a device of {size} bytes, but what QEMU holds for {disk} has {heldSize} bytes, as has the one that {other} leads to: they are exchanged',
    short: 'its path and that of {other} are exchanged',
    cause: 'paths of the VM’s disks were exchanged',
    remedy: 'do not migrate: find out which volume is whose, and make each path lead there',
  },

  'domain-not-checked': {
    text: '{domain} could not be checked: {error}',
    short: 'it could not be checked: {error}',
    cause: 'a file or process vanished while it was read',
    remedy: 'run again',
  },
  'paths-late': {
    text: 'the paths of {domain} were not checked in time',
    short: 'its paths were not checked in time',
    cause: 'the host is slow, or storage does not answer',
    remedy: 'migrate-guard check {domain}',
  },
  'paths-not-checked': {
    text: 'the paths of {domain} could not be checked: {error}',
    short: 'its paths could not be checked: {error}',
    remedy: 'migrate-guard check {domain}',
  },
  'block-state-late': {
    text: 'the block state of {domain} was not read in time',
    short: 'its block state was not read in time',
    cause: 'the host is slow, or libvirt’s daemon does not answer',
    remedy: 'migrate-guard check {domain}',
  },
  'block-state-not-read': {
    text: 'the block state of {domain} cannot be read: {error}',
    short: 'its block state cannot be read: {error}',
    remedy: 'migrate-guard check {domain}',
  },
} as const satisfies Readonly<Record<string, MessageRow>>;
