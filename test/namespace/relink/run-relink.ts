import type { LinkReport } from '../../../src/relink/relink';
import type { Stage } from '../harness';

export const configuration = '/mnt/relink.yaml';
export const journals = '/mnt/journals';

/** The part of a stage that relink needs: a directory for journals. */
export function furnish({ host }: Stage): void {
  host.file(
    configuration,
    `libvirt: { state_directory: /mnt/libvirt }\nrelink: { journal_directory: ${journals} }\n`,
    { mode: 0o644 },
  );
}

export interface Printed {
  readonly exit: number | null;
  readonly stderr: string;
  readonly journal: string | null;
  readonly links: readonly LinkReport[];
}

export async function runRelink(stage: Stage, args: readonly string[]): Promise<Printed> {
  const argv = ['relink', ...args, '--json', '--config', configuration];
  const { exit, stdout, stderr } = await stage.run(argv);
  const document =
    stdout === '' ? { journal: null, links: [] } : (JSON.parse(stdout) as Omit<Printed, 'exit' | 'stderr'>);
  return { exit, stderr, ...document };
}
