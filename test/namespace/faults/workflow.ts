import type { Qemu, Stage, Volume } from '../harness';
import type { Read } from './fs-snapshot';

/** A run of a workflow in a world of its own, whose QEMU needs what the workflow does or looks at. */
export interface World {
  readonly stage: Stage;
  readonly qemu: Qemu;
  /** What is run; once more, it has nothing left to do. */
  readonly argv: readonly string[];
  readonly read?: Read;
}

export interface Workflow {
  readonly name: string;
  /** `program`: the bundled command. */
  readonly make: (program: string, volumes: readonly Volume[]) => Promise<World>;
  /** Whatever becomes of a run, `check` says `safe` afterwards: nothing that QEMU needs is ever missing. */
  readonly keepsSafe: boolean;
}

export const configuration = '/mnt/faults.yaml';
/** Of QEMU's logs. */
export const logDirectory = '/mnt/logs';
const settings = [
  `libvirt: { state_directory: /mnt/libvirt, log_directory: ${logDirectory}, deadline: 5 }`,
  'relink: { journal_directory: /mnt/journals }',
  'reset: { layout_directory: /mnt/layouts }',
  '',
].join('\n');

/** What every world has: all that is written is within the trees that are compared. */
export function furnish(stage: Stage): void {
  stage.host.file(configuration, settings, { mode: 0o644 });
}

/** The configuration where the agent looks for it, which is named no other; and a log of its own. */
export function furnishHostHalf(stage: Stage): void {
  for (const directory of ['upper', 'work']) stage.host.directory(`/mnt/etc/${directory}`);
  const layers = 'lowerdir=/etc,upperdir=/mnt/etc/upper,workdir=/mnt/etc/work';
  stage.host.mount('-t', 'overlay', '-o', layers, 'overlay', '/etc');
  stage.host.mount('-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/var/log');
  stage.host.remove('/etc/migrate-guard');
  stage.host.file('/etc/migrate-guard/config.yaml', settings, { mode: 0o644 });
}
