import { ifMade } from '../../support/if-made';
import { expectMigration, expectWrites, failMigration, inspect, quietDomain, reset } from './reset-testbed';
import { diskCounts, inParallel, setsOf } from './reset-matrix';
import { mendPaths } from '../../lab/harness';
import { Stage } from '../qemu-stage';

let stage: Stage;
let vmId = 430;

beforeAll(async () => {
  stage = await Stage.start();
});
afterAll(() => ifMade(stage, (made) => made.stop()));

test.each(diskCounts)(
  'Debian’s QEMU, whose layout is unknown: %i disks, sets of broken ones, every remedy',
  async (disks) => {
    await inParallel(setsOf(disks), 4, async (broken) => {
      const domain = await quietDomain(stage, vmId++, disks, { emulator: 'debian' });
      for (const strategy of ['cont', 'suspend-resume']) {
        await failMigration(domain, broken);
        expect(await inspect(stage, domain)).toMatchObject({ blockState: 'unknown', exit: 2 });
        // They refuse because of the layout, before they look at a disk.
        const isFirstOfItsKind = strategy === 'cont' && broken.length === 1;
        for (const unable of isFirstOfItsKind ? ['memory', 'gdb'] : []) {
          const refused = await reset(stage, domain.name, '--strategy', unable);
          expect(refused).toMatchObject({ exit: 1, result: 'refused', blockState: 'unknown' });
          expect(refused.what).toContain('migrate-guard layout /usr/bin/qemu-system-x86_64');
        }
        const report = await reset(stage, domain.name, '--strategy', strategy);
        expect(report).toMatchObject({ exit: 0, result: 'healed', blockState: 'healthy' });
        // The failure in the log from before the reset does not count any more.
        expect(await inspect(stage, domain)).toMatchObject({ blockState: 'healthy', exit: 0 });
        await expectWrites(domain);
      }
      mendPaths(domain);
      await expectMigration(domain);
      await expectWrites(domain);
      await domain.destroy();
    });
  },
);
