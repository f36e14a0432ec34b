import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { placeDisk, giveToQemu, type PlacedDisk } from './disk';
import type { Qemu, Stage } from './namespace-stage';
import type { Volume } from '../../lab/harness/volume';

/** Programs that migrate-guard or an admin may run for a VM, with the directories in which they may be. */
const names = [
  ...['nsenter', 'setpriv', 'mknod', 'stat', 'getfacl', 'setfacl', 'chcon', 'env', 'unshare', 'mount', 'ls'],
  ...['virsh', 'gdb', 'runuser', 'setfattr', 'getfattr', 'readlink'],
] as const;
const directories = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
/** The programs that must exist in the namespace. */
const wanted = [realpathSync(process.execPath), '/usr/bin/nsenter', '/usr/bin/setpriv', '/usr/bin/mknod'];

const marks = '/mnt/marks/run';
const nobody = 65534;

/**
 * A compromised QEMU: as `nobody`, in separate user and mount namespaces, where other programs replace those of the
 * host under the same names. Each of them records that it ran, and as which user.
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

  /** The programs that ran; there must be none. */
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
