import { accessSync, constants, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Host } from './lab-host';

/** `debian`: the packaged QEMU, which resets itself. `affected`: QEMU 7.2.0, which stays stuck. */
export type Emulator = 'debian' | 'affected';

/** The path to which setup/qemu-7.2.0.sh installs it. */
export function affectedQemu(): string {
  const binary = `${process.env.MIGRATE_GUARD_CACHE ?? '/var/cache/migrate-guard'}/qemu-7.2.0/qemu-system-x86_64`;
  try {
    accessSync(binary, constants.X_OK);
  } catch (cause) {
    throw new Error(`${binary} is not there: run setup/qemu-7.2.0.sh first`, { cause });
  }
  return binary;
}

/** The path, on the host, that a domain's `<emulator>` names. */
export function emulatorPath(host: Host, emulator: Emulator): string {
  if (emulator === 'debian') return '/usr/bin/qemu-system-x86_64';
  // The build contains no firmware, and libvirt cannot pass -L.
  const wrapper = '/run/migrate-guard-lab/qemu-affected';
  const script = `#!/bin/sh\nexec ${affectedQemu()} -L /usr/share/seabios -L /usr/share/qemu "$@"\n`;
  const file = host.path(wrapper);
  // A rename, because other domains may start it at the same time; and only if it differs, because libvirt probes a
  // changed QEMU again.
  if (!existsSync(file) || readFileSync(file, 'utf8') !== script) {
    writeFileSync(`${file}.new`, script, { mode: 0o755 });
    renameSync(`${file}.new`, file);
  }
  return wrapper;
}
