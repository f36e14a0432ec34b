import { giveToQemu, placeDisk, Stage, type Qemu, type Volume } from '../harness';
import { furnish } from './workflow';

export function uses(volumes: readonly Volume[], index: number): Volume {
  const volume = volumes[index];
  if (!volume) throw new Error(`there is no volume ${index}`);
  return volume;
}

export async function startHealthy(
  program: string,
  volumes: readonly Volume[],
): Promise<{ stage: Stage; qemu: Qemu }> {
  const stage = await Stage.start(program);
  furnish(stage);
  const disk = await placeDisk(stage, uses(volumes, 0));
  const qemu = await stage.startQemu({ disks: [disk], prepare: (tree) => giveToQemu(tree, disk) });
  return { stage, qemu };
}
