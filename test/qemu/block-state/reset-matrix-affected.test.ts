import {
  expectMigration,
  expectWrites,
  failMigration,
  inspect,
  quietDomain,
  reset,
  storeLayout,
} from './reset-testbed';
import { ifMade } from '../../support/if-made';
import { diskCounts, inParallel, setsOf } from './reset-matrix';
import { mendPaths } from '../../lab/harness';
import { Stage } from '../qemu-stage';

let stage: Stage;
let vmId = 400;

beforeAll(async () => {
  stage = await Stage.start();
  await storeLayout(stage);
});
afterAll(() => ifMade(stage, (made) => made.stop()));

test.each(diskCounts)('QEMU 7.2.0: %i disks, sets of broken ones, every remedy', async (disks) => {
  await inParallel(setsOf(disks), 4, async (broken) => {
    const domain = await quietDomain(stage, vmId++, disks);
    // bdrv_inactivate_all() handles the disks in order and stops at the first that fails.
    const halfInactive = broken[0] !== 0;
    const state = halfInactive ? 'half-inactive' : 'stuck';
    for (const strategy of ['gdb', 'memory', 'suspend-resume', 'cont']) {
      await failMigration(domain, broken);
      if (strategy === 'gdb') {
        expect(await inspect(stage, domain)).toMatchObject({ blockState: state, exit: 1 });
      }
      const report = await reset(stage, domain.name, '--strategy', strategy);
      if (halfInactive && (strategy === 'gdb' || strategy === 'memory')) {
        expect(report).toMatchObject({ exit: 1, result: 'refused', blockState: state });
        expect(await inspect(stage, domain)).toMatchObject({ blockState: state });
        expect(await reset(stage, domain.name)).toMatchObject({ exit: 0, result: 'healed' });
      } else {
        expect(report).toMatchObject({ exit: 0, result: 'healed', blockState: 'healthy' });
      }
      expect(await domain.state()).toBe('running');
      await expectWrites(domain);
    }
    mendPaths(domain);
    await expectMigration(domain);
    await expectWrites(domain);
    await domain.destroy();
  });
});
