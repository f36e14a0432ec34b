import { writeLog } from '../faults/failed-migration';
import { giveToQemu, placeDisk, type Hold, type PlacedDisk, type Qemu } from '../harness';

/** A VM with one disk, to which a link leads, and the log of a QEMU that has seen no migration. */
export class LinkedVm {
  private constructor(
    private readonly on: Hold,
    readonly disk: PlacedDisk,
    readonly qemu: Qemu,
  ) {}

  static async start(on: Hold, vm: number): Promise<LinkedVm> {
    const disk = await placeDisk(on.stage, on.volume(0), 0, vm);
    const prepare = (tree: Qemu['tree']): Promise<void> => giveToQemu(tree, disk);
    writeLog(on.stage, `one-${vm}`, false);
    return new LinkedVm(on, disk, await on.stage.startQemu({ name: `one-${vm}`, disks: [disk], prepare }));
  }

  /** As StorPool's update does: the disk's link leads through another directory. */
  rePoint(link: string, node = this.disk.node): void {
    const { host } = this.on.stage;
    host.link(link, `..${node.slice('/dev'.length)}`);
    host.remove(this.disk.path);
    host.link(this.disk.path, link);
  }
}
