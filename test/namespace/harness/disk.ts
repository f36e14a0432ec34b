import type { Volume } from '../../lab/harness/volume';
import type { StatusDisk } from './status-xml';
import type { Stage } from './namespace-stage';
import type { Tree } from './namespace-tree';

/** A disk as in OpenNebula with StorPool: a link in the datastore, a link by its name, the device. */
export interface PlacedDisk extends StatusDisk {
  readonly path: string;
  /** Below /dev: the link by its name, and the device. */
  readonly link: string;
  readonly node: string;
  readonly volume: Volume;
}

/** Creates a disk on the host; `giveToQemu` creates the QEMU's part of it. */
export async function placeDisk(stage: Stage, volume: Volume, index = 0, vm = 310): Promise<PlacedDisk> {
  const path = `/mnt/one/datastores/0/${vm}/disk.${index}`;
  const link = `/dev/storpool/one-${vm}-disk-${index}`;
  const disk = { path, link, node: `/dev/sp-${vm}-${index}`, volume };
  stage.host.link(path, link);
  await giveToQemu(stage.host, disk);
  return disk;
}

export async function giveToQemu(tree: Tree, { link, node, volume }: PlacedDisk): Promise<void> {
  tree.link(link, `..${node.slice('/dev'.length)}`);
  await tree.node(node, 'b', volume.rdev, { uid: 9869 });
}
