import { giveToQemu, placeDisk, Stage, type Volume } from '../harness';
import { startBroken, startHealthy, uses } from './changing';
import { configuration, furnish } from './workflow';

/** A domain of which it is known how it stands, and what is asked about it. */
export interface Case {
  readonly verb: string;
  readonly truth: 'safe' | 'repairable' | 'blocked';
  readonly argv: readonly string[];
  readonly make: (program: string, volumes: readonly Volume[]) => Promise<{ stage: Stage }>;
}

const argv = {
  check: ['check', '310', '--json', '--config', configuration],
  'audit --here': ['audit', '--here', '--json', '--config', configuration],
} as const;

const worlds = { safe: startHealthy, repairable: startBroken, blocked: startWrong } as const;

export const looking: readonly Case[] = Object.entries(argv).flatMap(([verb, words]) =>
  (['safe', 'repairable', 'blocked'] as const).map((truth) => ({
    verb,
    truth,
    argv: words,
    make: worlds[truth],
  })),
);

/** The host's link leads to another device than the one that QEMU has open. */
async function startWrong(program: string, volumes: readonly Volume[]): Promise<{ stage: Stage }> {
  const stage = await Stage.start(program);
  furnish(stage);
  const disk = await placeDisk(stage, uses(volumes, 0));
  const other = await placeDisk(stage, uses(volumes, 1), 1);
  const prepare = async (tree: Stage['host']): Promise<void> => {
    await giveToQemu(tree, disk);
    await giveToQemu(tree, other);
  };
  await stage.startQemu({ disks: [disk], prepare });
  stage.host.remove(disk.path);
  stage.host.link(disk.path, other.link);
  return { stage };
}
