import { logDirectory, type Qemu, type Stage, type Volume } from '../harness';
import type { Read } from './fs-snapshot';

/** A run of a workflow in a new environment, whose QEMU needs what the workflow changes or reads. */
export interface World {
  readonly stage: Stage;
  readonly qemu: Qemu;
  /** The command; a second run has nothing left to do. */
  readonly argv: readonly string[];
  readonly read?: Read;
}

export interface Workflow {
  readonly name: string;
  /** `program`: the bundled command. */
  readonly make: (program: string, volumes: readonly Volume[]) => Promise<World>;
  /** Whether `check` reports `safe` after any run: nothing that QEMU needs is ever missing. */
  readonly keepsSafe: boolean;
}

export const configuration = '/mnt/faults.yaml';
const settings = [
  `libvirt: { state_directory: /mnt/libvirt, log_directory: ${logDirectory}, deadline: 5 }`,
  'relink: { journal_directory: /mnt/journals }',
  'reset: { layout_directory: /mnt/layouts }',
  '',
].join('\n');

/** The common part of every environment: all writes are within the compared trees. */
export function furnish(stage: Stage): void {
  stage.host.file(configuration, settings, { mode: 0o644 });
}

/** For a virsh that waits until other commands have ended, on a machine that may be busy. */
export function waitForVirsh(stage: Stage, file = configuration): void {
  const longer = stage.host.read(file).replace('deadline: 5 ', 'deadline: 600 ');
  stage.host.file(file, longer, { mode: 0o644 });
}

/** Writes the configuration to the agent's fixed path, and gives the agent a private log. */
export function furnishHostHalf(stage: Stage): void {
  for (const directory of ['upper', 'work']) stage.host.directory(`/mnt/etc/${directory}`);
  const layers = 'lowerdir=/etc,upperdir=/mnt/etc/upper,workdir=/mnt/etc/work';
  stage.host.mount('-t', 'overlay', '-o', layers, 'overlay', '/etc');
  stage.host.mount('-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/var/log');
  stage.host.remove('/etc/migrate-guard');
  stage.host.file('/etc/migrate-guard/config.yaml', settings, { mode: 0o644 });
}
