import { Volume } from '../../lab/harness/volume';
import { giveToQemu, placeDisk, type PlacedDisk } from './disk';
import { bundleProgram, type Program } from './program';
import { Stage, type Qemu, type QemuOptions } from './namespace-stage';

export interface Healthy {
  readonly disk: PlacedDisk;
  readonly qemu: Qemu;
}

/** A stage for each test of a file, and volumes that all tests share. */
export interface Hold {
  readonly stage: Stage;
  readonly volume: (index: number) => Volume;
  /** Starts one domain with one disk on the first volume, which exists in its QEMU's namespace, too. */
  readonly startHealthy: (options?: Pick<QemuOptions, 'name' | 'user'>) => Promise<Healthy>;
}

/** Call it once, where hooks are declared. */
export function useStage({ volumes: count = 1 } = {}): Hold {
  let program: Program | undefined;
  let stage: Stage | undefined;
  const volumes: Volume[] = [];

  beforeAll(async () => {
    program = await bundleProgram();
    while (volumes.length < count) volumes.push(await Volume.create());
  });
  beforeEach(async () => {
    stage = await Stage.start(program?.file ?? '');
  });
  afterEach(() => stage?.end());
  afterAll(() => {
    program?.remove();
    for (const volume of volumes) volume.release();
  });

  const hold: Hold = {
    get stage() {
      if (!stage) throw new Error('the stage was not started');
      return stage;
    },
    volume(index) {
      const volume = volumes[index];
      if (!volume) throw new Error(`there is no volume ${index}`);
      return volume;
    },
    async startHealthy(options = {}) {
      const disk = await placeDisk(hold.stage, hold.volume(0));
      const qemu = await hold.stage.startQemu({
        disks: [disk],
        prepare: (tree) => giveToQemu(tree, disk),
        ...options,
      });
      return { disk, qemu };
    },
  };
  return hold;
}
