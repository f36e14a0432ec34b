import type { MessageRow } from './message';

/** Whether all is in place (src/doctor). */
export const doctor = {
  'oned-uses-drivers': { text: 'the running oned uses {drivers} (VM_MAD {names})' },
  'oned-not-restarted': {
    text: 'oned was not restarted after {file} was changed: it does not use {drivers} yet (VM_MAD {names})',
    cause: 'oned reads oned.conf only when it starts; the arguments of the drivers that run are others',
    remedy: 'while no VM is being moved: systemctl restart opennebula',
  },
  'oned-not-running': {
    text: 'oned does not run here; it uses {drivers}, as {file} says, once it is started',
  },
  'oned-without-driver': {
    text: 'oned runs, but none of its processes is a VMM driver (one_vmm_exec.rb)',
    cause: 'a VM_MAD with another EXECUTABLE, or a driver that could not be started',
    remedy: 'see /var/log/one/oned.log: lines with DrM or VMM',
  },
  'processes-not-seen': { text: 'the processes of other users cannot be seen: {path}: {why}' },
  'gdb-not-installed': {
    text: 'gdb is not installed: migrate-guard layout and the remedy gdb cannot be used here',
    remedy: 'install the package gdb, or remove gdb from reset.strategies in the configuration',
  },
  'gdb-does-not-run': {
    text: 'gdb --version ended with {exit}',
    remedy: 'install the package gdb again, or remove gdb from reset.strategies in the configuration',
  },
  'layout-stored': { text: 'the memory layout of {exe} is in {file}' },
  'layout-not-stored': {
    text: 'the memory layout of {exe} is not known ({file} is missing): the remedies memory and gdb cannot be used',
    cause: 'migrate-guard layout has not been run for this build of QEMU',
    remedy: 'migrate-guard layout {program}, or remove memory and gdb from reset.strategies',
  },
  'layout-not-read': {
    text: 'the memory layout of {exe} cannot be used: {why}',
    remedy: 'migrate-guard layout {program}, or remove memory and gdb from reset.strategies',
  },
  'build-not-determined': { text: 'the build of {exe} cannot be determined: {why}' },
  'fallback-not-read': { text: '{path} cannot be read: {why}' },
  'fallback-current': { text: '{path} is what {config} says, for scripts without Node' },
  'fallback-written': { text: '{path} was written again, because {config} was changed' },
  'fallback-missing': {
    text: '{path} is missing: without Node nothing is moved',
    remedy: 'run migrate-guard doctor as root, here',
  },
  'fallback-old': {
    text: '{path} is not what {config} says: without Node nothing is moved',
    cause: 'the configuration was changed, and doctor has not run since',
    remedy: 'run migrate-guard doctor as root, here',
  },
  'mover-is-guard': {
    text: 'opennebula.{action} names {mover}, which is the guard itself',
    remedy: 'name the script that really moves, in /etc/migrate-guard/config.yaml',
  },
  'mover-missing': {
    text: 'opennebula.{action} names {mover}, and {path} is not there',
    remedy: 'name the script that really moves, in /etc/migrate-guard/config.yaml',
  },
  movers: { text: 'the movers are {migrate} and {save}' },
  'guards-ran': { text: 'the record names no guard that could not run lately' },
  'look-at-record': { text: 'ls -ld {path}; run this as root or oneadmin' },
  'reading-needs-root': { text: 'only root can read files as another user', remedy: 'run as root' },
  'reader-without-answer': { text: 'no answer' },
  'own-file-not-opened': { text: 'it could not open a file of its own user' },
  'root-file-opened': { text: 'it can open a file that only root may open' },
  'reads-as-other': { text: 'files can be read as another user (Node {version})' },
  'not-read-as-other': {
    text: 'files cannot be read as another user, so no VM can be checked: {why}',
    remedy: 'install the package util-linux (setpriv), and run Node by hand',
  },
  'doctor-install-again': { text: 'install again' },
  'doctor-file-not-read': { text: '{path} cannot be read: {why}' },
  'not-installed': {
    text: 'migrate-guard was not installed here by install.sh: {path} is missing',
    remedy: 'install.sh frontend, or install.sh host',
  },
  'files-unchanged': { text: 'all {count} files and directories of {roles} are as they were installed' },
  'host-state': { text: '{troubles} findings that are not ok' },
  node: { text: 'Node {version} ({path})' },
  gdb: { text: '{version}' },
  'qemu-not-read': {
    text: 'the QEMU of {domain} cannot be examined: {why}',
    remedy: 'virsh domstate {domain}',
  },
  'run-on-host': { text: 'run on a host with libvirt' },
  'own-dev': { text: 'libvirt gives each QEMU a /dev of its own (the default)' },
  'hosts-dev': {
    text: "{path} sets namespaces = [{names}]: a QEMU that starts now has the host's /dev, and needs no repair",
  },
  'rename-host': { text: 'rename that host' },
  'install-host': { text: 'run install.sh host of this release ({version}) on {host}' },
  'agent-not-running': { text: 'the agent does not run: {why}' },
  'agent-release': { text: 'the agent is {version}' },
  'agent-build': { text: 'the agent is {version}, but not the same build as here' },
  'sync-host': { text: 'as oneadmin: onehost sync -f {host}' },
  'scripts-not-read': { text: '{path}: {why}' },
  'scripts-old': { text: '{count} scripts in {path} are missing or differ from those of the front-end' },
  'scripts-current': { text: 'the scripts in {path} are those of the front-end' },
  'run-on-front-end': { text: 'run on the front-end' },
  'no-callers': { text: 'no datastore driver calls migrate-guard' },
  callers: { text: '{names}: both scripts call migrate-guard' },
  'script-without-call': {
    text: 'tm/{driver}/{script} does not call migrate-guard, but {other} beside it does',
    cause: 'an upgrade of OpenNebula has replaced it',
    remedy: 'put the lines of docs/opennebula.md (The TM scripts) into it',
  },
  'driver-without-call': {
    text: 'tm/{name} does not call migrate-guard, as {others} does, and moves {count} of the running VMs',
    cause: 'an upgrade of OpenNebula has replaced its scripts, or the datastore is new',
    remedy: 'put the lines of docs/opennebula.md (The TM scripts) into it',
  },
  'unguarded-not-known': {
    text: 'which datastore drivers move VMs without migrate-guard cannot be determined: {why}',
    remedy: 'run onevm list as oneadmin',
  },
  'doctor-run-as-root': { text: 'run as root' },
} as const satisfies Readonly<Record<string, MessageRow>>;
