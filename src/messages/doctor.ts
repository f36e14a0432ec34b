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
  'run-as-root': { text: 'run as root' },
} as const satisfies Readonly<Record<string, MessageRow>>;
