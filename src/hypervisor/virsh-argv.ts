import type { Argv } from '../os/isolated';

const connection = ['--connect', 'qemu:///system'] as const;

/** On this host, with output for an admin. */
export function virshHere(...args: readonly string[]): Argv {
  return ['virsh', ...connection, ...args];
}

/** On this host, or on another one, with output for this program. */
export function quietVirsh(...args: readonly string[]): Argv {
  return ['virsh', '--quiet', ...connection, ...args];
}
