import type { Qemu, Stage, Volume } from '../harness';
import type { Read } from './picture';

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

/** What every world has: its own /run, and all that is written within the trees that are compared. */
export function furnish(stage: Stage): void {
  stage.host.mount('-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/run');
  const settings = [
    'libvirt: { state_directory: /mnt/libvirt, deadline: 5 }',
    'relink: { journal_directory: /mnt/journals }',
    'reset: { layout_directory: /mnt/layouts }',
  ];
  stage.host.file(configuration, `${settings.join('\n')}\n`, { mode: 0o644 });
}
