import { ifMade } from '../support/if-made';
import { DiskMaker, diskKinds, type Missing } from './disk-kinds';
import { allOrders, Matrix } from './matrix';
import { commit, copy, dump, memorySnapshot, migrate, type RealOrder, save, snapshot } from './orders';
import { plainOrders, pull } from './plain-orders';
import { type Release, ReleaseStage } from './release-stage';
import { contradicts, isWhole, Results } from './results';
import { workflows } from './workflows';

interface Case {
  readonly missing: Missing;
  readonly disks: number;
  readonly orders: readonly RealOrder[];
}

const onBlockDevices: readonly Case[] = [
  { missing: 'directory', disks: 3, orders: [...plainOrders, dump, save, migrate, snapshot, commit, copy] },
  { missing: 'directory', disks: 1, orders: [memorySnapshot, pull] },
  { missing: 'link', disks: 2, orders: [save, migrate, snapshot] },
  { missing: 'node', disks: 1, orders: [save, migrate, copy] },
];
/** A file has no node. */
const inFiles: readonly Case[] = [
  { missing: 'directory', disks: 3, orders: [save, migrate] },
  { missing: 'link', disks: 2, orders: [save, migrate, snapshot, copy] },
];
const selection: readonly Case[] = [{ missing: 'directory', disks: 2, orders: [save, migrate] }];

/** The tests of two hosts of one release, which record their results. */
export function defineReleaseTests(release: Release): void {
  const results = new Results(release);
  let stage: ReleaseStage;
  let maker: DiskMaker;
  let matrix: Matrix;

  beforeAll(async () => {
    stage = await ReleaseStage.start(release, release);
    results.versions = await stage.versions();
    maker = new DiskMaker(stage.lab);
    matrix = new Matrix(stage, maker, results);
  });
  afterEach(() => results.write());
  afterAll(async () => {
    await ifMade(stage, (made) => made.stop());
    ifMade(maker, (made) => made.release());
  });

  const kinds = isWhole ? diskKinds : diskKinds.filter(({ type }) => type === 'block');
  describe.each(kinds.map((kind) => [kind.name, kind] as const))('%s', (_, kind) => {
    test('a healthy VM is safe, and every order succeeds', async () => {
      await matrix.healthy(kind, { disks: 2, ...(isWhole && { orders: allOrders(kind) }) });
      expect(contradicts(results.ordersOf(kind.name, 'nothing'))).toEqual([]);
    });

    const cases = isWhole ? (kind.type === 'block' ? onBlockDevices : inFiles) : selection;
    test.each(cases.map((each) => [each.missing, each.disks, each] as const))(
      'a missing %s, one of %i disks: each order does what the verdict says, and succeeds after a repair',
      async (missing, _disks, each) => {
        await matrix.broken(kind, missing, each);
        expect(contradicts(results.ordersOf(kind.name, missing))).toEqual([]);
      },
    );
  });

  test.each(isWhole ? workflows : workflows.slice(0, 1))('%s', async (workflow, run) => {
    results.workflows.push({ workflow, outcome: await run(stage, maker) });
  });
}
