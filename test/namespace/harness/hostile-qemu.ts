import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { placeDisk, giveToQemu, type PlacedDisk } from './disk';
import type { Qemu, Stage } from './namespace-stage';
import type { Volume } from '../../lab/harness/volume';

/** Programs that somebody may run when they look into a VM: each with where it may stand. */
const names = [
  ...['nsenter', 'setpriv', 'mknod', 'stat', 'getfacl', 'setfacl', 'chcon', 'env', 'unshare', 'mount', 'ls'],
  ...['virsh', 'gdb', 'runuser', 'setfattr', 'getfattr', 'readlink'],
] as const;
const directories = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
/** What none of these does without. */
const wanted = [realpathSync(process.execPath), '/usr/bin/nsenter', '/usr/bin/setpriv', '/usr/bin/mknod'];

const marks = '/mnt/marks/run';
const nobody = 65534;

/**
 * A QEMU that was taken over: as `nobody`, in a user namespace and a mount namespace of its own, where other programs
 * than the host's stand at the names of the host's. Each of them writes down that it ran, and as whom.
 */
export class HostileQemu {
  private constructor(
    readonly qemu: Qemu,
    readonly disk: PlacedDisk,
    private readonly stage: Stage,
  ) {}

  static async start(stage: Stage, volume: Volume, vm = 310): Promise<HostileQemu> {
    stage.host.directory('/mnt/marks', { mode: 0o777 });
    const fake = `#!/bin/sh\necho "$0 ran as uid $(id -u)" >>${marks}\n`;
    stage.host.file('/mnt/fake', fake, { mode: 0o755 });
    const disk = await placeDisk(stage, volume, 0, vm);
    stage.host.own(disk.node, { uid: nobody });
    const qemu = await stage.startQemu({
      name: `one-${vm}`,
      disks: [disk],
      user: { uid: nobody, gid: nobody },
      prepare: async (tree) => {
        await giveToQemu(tree, disk);
        tree.own(disk.node, { uid: nobody });
      },
    });
    const hostile = new HostileQemu(qemu, disk, stage);
    await hostile.takeOver();
    return hostile;
  }

  /** What ran of its programs; nothing may. */
  get marks(): string {
    const file = this.stage.host.path(marks);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  private async takeOver(): Promise<void> {
    const { servant } = this.qemu;
    await servant.tell('unshare-user');
    const targets = new Set([
      realpathSync(process.execPath),
      ...names.flatMap((name) => directories.map((directory) => `${directory}/${name}`)).flatMap(real),
    ]);
    for (const path of wanted) expect(targets).toContain(path);
    for (const path of targets) await servant.tell('mount', path, '/mnt/fake');
  }
}

function real(path: string): string[] {
  return existsSync(path) ? [realpathSync(path)] : [];
}
