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

const check = ['check', '310', '--json', '--config', configuration];
const audit = ['audit', '--here', '--json', '--config', configuration];

export const looking: readonly Case[] = [
  { verb: 'check', truth: 'safe', argv: check, make: startHealthy },
  { verb: 'check', truth: 'repairable', argv: check, make: startBroken },
  { verb: 'check', truth: 'blocked', argv: check, make: startWrong },
  // A stand-in has no block state, so whatever is not blocked is undecided to an audit.
  { verb: 'audit --here', truth: 'blocked', argv: audit, make: startWrong },
];

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
