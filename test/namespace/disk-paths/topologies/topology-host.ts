import { HeldDomains } from '../../../../src/hypervisor/hold-domain';
import { domainOf, Servant, Stage, Tree, Volume, type Qemu, type QemuOptions } from '../../harness';
import { Builder, type Devices } from './builder';
import { holdings, sharedFile, type Holding, type Topology } from './topology-spec';

/**
 * The users of QEMU: OpenNebula's user, Debian's, one with many groups, and both kinds of root that libvirt supports.
 */
const users: readonly NonNullable<QemuOptions['user']>[] = [
  { uid: 9869, gid: 9869, groups: [9869, 36] },
  { uid: 107, gid: 64, groups: [] },
  { uid: 5, gid: 5, groups: [64, 36, 0] },
  'root-without-capabilities',
  'root',
];

/** A QEMU that holds the right device and the shared file open, and the helpers in its namespace. */
interface Resident {
  readonly qemu: Qemu;
  readonly holding: Holding;
  /** A process of root in that namespace. */
  readonly inside: Servant;
  readonly builder: Builder;
}

/**
 * One host, and for each user QEMUs that hold their files in each mode; topologies are created in it one after the
 * other.
 */
export class World {
  private constructor(
    readonly stage: Stage,
    readonly right: Volume,
    private readonly wrong: Volume,
    private readonly onHost: Builder,
    private readonly residents: readonly Resident[],
    /** The identity of the shared file, as the kernel reports it. */
    readonly shared: string,
    /** All residents: one child for each user checks their paths. */
    readonly held: HeldDomains,
  ) {}

  static async start(): Promise<World> {
    const [right, wrong] = [await Volume.create(), await Volume.create()];
    const devices = { right: right.rdev, wrong: wrong.rdev };
    const stage = await Stage.start('');
    stage.host.file(sharedFile, '', { mode: 0o666 });
    const shared = await stage.servant.ask('stat', sharedFile);
    const residents: Resident[] = [];
    for (const holding of holdings) {
      for (const user of users)
        residents.push(await moveIn(stage, { name: `one-${residents.length}`, user, holding }, devices));
    }
    const onHost = new Builder(stage.servant, stage.host, devices);
    const domains = residents.map(({ qemu }) => domainOf(qemu, sharedFile));
    const held = new HeldDomains(domains, stage.host.root);
    return new World(stage, right, wrong, onHost, residents, shared, held);
  }

  /** The QEMU of a topology. */
  residentOf({ user, holding }: Topology): Resident {
    const residents = this.residents.filter((one) => one.holding === holding);
    const resident = residents[user % residents.length];
    if (!resident) throw new Error('nobody lives here');
    return resident;
  }

  async build(made: Topology): Promise<void> {
    await Promise.all([this.onHost.build(made.host), this.residentOf(made).builder.build(made.qemu)]);
  }

  async remove(made: Topology, base: string): Promise<void> {
    await Promise.all([this.onHost.remove(base), this.residentOf(made).builder.remove(base)]);
  }

  async end(): Promise<void> {
    this.held.close();
    await Promise.all(this.residents.map(({ inside }) => inside.end()));
    await this.stage.end();
    this.right.release();
    this.wrong.release();
  }
}

async function moveIn(
  stage: Stage,
  { name, user, holding }: Required<Pick<QemuOptions, 'name' | 'user'>> & Pick<Resident, 'holding'>,
  devices: Devices,
): Promise<Resident> {
  const files = ['/dev/held', sharedFile];
  const qemu = await stage.startQemu({
    name,
    disks: [],
    holds: holding.split('+').flatMap((mode) => (mode === 'ro' ? files.map((file) => `ro:${file}`) : files)),
    user,
    prepare: async (tree) => {
      tree.mount('-o', 'remount,size=64m', '/dev');
      await tree.node('/dev/held', 'b', devices.right);
    },
  });
  const inside = await Servant.start('guest', [], qemu.pid);
  return { qemu, holding, inside, builder: new Builder(inside, new Tree(inside.pid, inside), devices) };
}
