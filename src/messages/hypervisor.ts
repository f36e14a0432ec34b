import type { MessageRow } from './message';

/** Domains, their QEMUs, libvirt, the lock of a VM (src/hypervisor). */
export const hypervisor = {
  'not-running': {
    text: 'no domain {domain} runs on this host',
    short: 'it does not run on this host',
    cause: 'it is off, or on another host: `virsh list --all`; `onevm show`',
    remedy: 'see virsh list for the domains of this host',
  },
  'not-a-domain-name': {
    text: '{word} is not a valid domain name',
    remedy: 'name it as one-310, 310 or by its UUID',
  },
  'not-known-whether-running': {
    text: 'whether {domain} runs here cannot be determined: {why}',
    short: 'it is not known whether it runs here',
    cause: 'the status file of another domain cannot be read, and it may be the one',
  },
  'qemu-unknown': {
    text: 'which process is the QEMU of {domain} cannot be read in {directory}',
    short: 'which process is its QEMU cannot be read',
    cause: 'not root, or libvirt keeps its files elsewhere',
    remedy: 'run as root',
  },
  'set-state-directory': {
    text: 'set libvirt.state_directory in the configuration to where libvirt keeps its status files',
  },
  'no-process': {
    text: 'libvirt gives no process of {domain}',
    short: 'libvirt gives no process of it',
    cause: 'the VM is just starting or ending',
    remedy: "see virsh domstate {domain}; libvirt's own files may be stale",
  },
  'see-domstate': { text: 'see virsh domstate {domain}' },
  'process-gone': {
    text: 'process {pid} is gone',
    cause: 'libvirt’s files are older than the process; see whether libvirt’s daemon runs',
    remedy: "see virsh domstate {domain}; libvirt's own files may be stale",
  },
  'process-not-read': {
    text: 'process {pid} cannot be looked at ({error})',
    cause: 'this process may hold no more descriptors, or the machine lacks memory',
  },
  'process-is-another': {
    text: 'process {pid} is not the QEMU of {domain}',
    short: 'process {pid} is not its QEMU',
    cause: 'libvirt’s files are older than the process; see whether libvirt’s daemon runs',
    remedy: "see virsh domstate {domain}; libvirt's own files may be stale",
  },
  'foreign-namespace': {
    text: 'process {pid}, the QEMU of {domain}, runs in a user namespace of its own',
    short: 'its QEMU runs in a user namespace of its own',
    cause: 'the QEMU was changed: nothing that it shows can be trusted',
    remedy: 'do not trust this VM: its QEMU has left the user namespace that libvirt gave it',
  },
  'qemu-ended': {
    text: 'process {pid}, the QEMU of {domain}, ended while it was looked at',
    short: 'its QEMU ended while it was looked at',
    cause: 'the VM stopped just now',
    remedy: "see virsh domstate {domain}; libvirt's own files may be stale",
  },
  'qemu-closed': {
    text: 'process {pid}, the QEMU of {domain}, cannot be looked into: {error}',
    short: 'its QEMU cannot be looked into: {error}',
    cause: 'not root',
    remedy: 'run as root',
  },
  'qemu-not-read-again': {
    text: 'process {pid}, the QEMU of {domain}, cannot be looked at again: {why}',
    short: 'its QEMU cannot be looked at again',
    cause: 'this process may hold no more descriptors, or the machine lacks memory',
    remedy: 'run again',
  },
  'proc-not-read': {
    text: '{path}: {error}',
    short: 'a file of its process cannot be read ({error})',
    remedy: 'run again',
  },
  'open-mode-missing': {
    text: '{path} does not show how the file is open',
    short: 'how QEMU opened a file is not known',
  },

  'guest-may-wait': {
    text: 'the guest arrived by a migration or a restore, is paused, and nothing shows that it has run here: until it is resumed its disks may be INACTIVE, and a migration, a save or a resize of a disk would abort QEMU',
    short: 'the guest is paused since it arrived: disks may be INACTIVE',
    cause: 'it may not have been resumed, and its memory cannot be read: resume it, or make a layout',
  },
  'resume-guest': {
    text: 'when the guest may run again, and no other host has a copy of it: virsh resume {domain}',
  },

  'status-file-not-read': {
    text: '{file} cannot be read: {error}',
    short: 'its status file is unreadable: {error}',
    cause: 'the file or its directory is not as libvirt makes them',
    remedy: 'look at that file: ls -ld {file}',
  },
  'status-file-invalid': {
    text: '{file} is not a valid status XML of libvirt: {error}',
    short: "libvirt's status file is not valid",
    cause: 'a broken file in `/run/libvirt/qemu`',
    remedy: 'compare it with virsh dumpxml {domain}',
  },
  'status-xml-broken': {
    text: "libvirt's status XML is broken: {error}",
    short: "libvirt's status XML is broken",
  },
  'status-file-shared': { text: 'others than root may write it (owner {uid}, mode {mode})' },
  'status-of-other-domain': { text: 'it describes a domain named {name}' },
  'not-a-domain': { text: 'line 1: this is not a libvirt domain with a name and a uuid' },
  'state-directory-not-read': {
    text: '{directory} cannot be read: {error}',
    short: 'the status files are unreadable: {error}',
    remedy: 'look at that directory',
  },

  'libvirtd-late': {
    text: 'libvirt did not answer in time',
    cause:
      'libvirt’s daemon (libvirtd or virtqemud) hangs; start it again. check without `--deep`, and the remedy `memory`, do not need it',
  },
  'virsh-missing': { text: 'virsh is not installed' },
  'virsh-ended': { text: 'virsh ended with {exit}' },
  'by-a-signal': { text: 'a signal' },
  'domains-not-listed': {
    text: 'the running domains cannot be listed: {why}',
    short: 'the running domains cannot be listed',
    cause: 'not root, or libvirt’s daemon does not run',
    remedy: 'see whether libvirt’s daemon (libvirtd or virtqemud) runs on this host',
  },
  'run-as-libvirt-group': { text: 'run as root, or as a user of the libvirt group' },
  'job-not-ended': {
    text: 'libvirt did not end its job ({job})',
    cause: 'libvirt’s daemon hangs, or the destination does not answer',
  },

  'guest-not-running': { text: 'the guest is {status}, and its disks may not be its own yet' },
  'qemu-refused': {
    text: 'QEMU refused {command}: {error}',
    short: 'QEMU refused {command}',
    cause: 'QEMU could not open a disk for writing, often because of its path: repair it, then reset again',
  },
  'qemu-did-not-answer': { text: 'QEMU refused to answer: {error}', short: 'QEMU refused to answer' },
  'libvirt-refused': { text: 'libvirt refused to ask QEMU', cause: 'a job of libvirt began at that moment' },
  'qemu-answer-not-json': { text: 'the answer of QEMU is not valid JSON' },
  'qemu-answer-without-result': { text: 'QEMU answered neither with a result nor with an error' },
  'no-run-state': { text: 'the answer of QEMU has no run state' },
  'node-without-name': { text: 'a node without a name' },
  'no-node-list': { text: 'QEMU answered query-named-block-nodes without a list of nodes' },
  'no-disk-list': { text: 'QEMU answered query-block without a list of disks' },
  'node-not-described': { text: 'QEMU named a block node without driver or name' },
  'node-without-file': {
    text: 'the answer of QEMU does not show which file its node {node} has open',
    short: 'the answer of QEMU lacks the file of a node',
  },

  'lock-held': {
    text: '{domain} is locked by another migrate-guard (process {pid})',
    short: 'locked by another migrate-guard (process {pid})',
    cause: 'another migrate-guard works on the VM; if it hangs, look at it with `ps`',
    remedy: 'wait until it has ended',
  },
  'lock-contended': {
    text: '{domain} is locked: several migrate-guards claim it at the same time',
    short: 'several migrate-guards claim it at the same time',
    cause: 'many commands for one VM at once',
    remedy: 'wait until they have ended',
  },
  'lock-not-made': {
    text: '{domain} cannot be locked: {directory}: {error}',
    short: 'it cannot be locked: {error}',
    cause: 'not root',
    remedy: 'see whether {directory} can be written',
  },
  'lock-directory-shared': {
    text: '{directory}, where locks are kept, is not a directory that only this user can write',
    short: 'the directory of locks is not safe',
    cause: 'its owner or mode was changed',
    remedy: 'remove it: it is made again',
  },
} as const satisfies Readonly<Record<string, MessageRow>>;
