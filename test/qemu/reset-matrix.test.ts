import {
  expectMigration,
  expectWrites,
  failMigration,
  inspect,
  quietDomain,
  reset,
  storeLayout,
} from './reset-stage';
import { mendPaths } from '../lab/harness';
import { Stage } from './stage';

// Every set of broken disks among one to four, each remedy on it, one after the other on the same VM: it has to
// live through all of them.

// Of four disks there are fifteen sets, four of which are tried at a time.
jest.setTimeout(300_000);

let stage: Stage;
let vmId = 400;

beforeAll(async () => {
  stage = await Stage.start();
  await storeLayout(stage);
});
afterAll(() => stage.stop());

describe('QEMU 7.2.0, which stays stuck', () => {
  test.each([1, 2, 3, 4])('%i disks, every set of broken ones, every remedy', async (disks) => {
    await inParallel(everySet(disks), 4, async (broken) => {
      const domain = await quietDomain(stage, vmId++, disks);
      // bdrv_inactivate_all() goes through the disks in order and stops at the first that fails.
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
});

describe('Debian’s QEMU, which heals itself and whose layout is not known', () => {
  test.each([1, 2, 3, 4])('%i disks, every set of broken ones, every remedy', async (disks) => {
    await inParallel(everySet(disks), 4, async (broken) => {
      const domain = await quietDomain(stage, vmId++, disks, { emulator: 'debian' });
      for (const strategy of ['cont', 'suspend-resume']) {
        await failMigration(domain, broken);
        expect(await inspect(stage, domain)).toMatchObject({ blockState: 'unknown', exit: 2 });
        for (const unable of ['memory', 'gdb']) {
          const refused = await reset(stage, domain.name, '--strategy', unable);
          expect(refused).toMatchObject({ exit: 1, result: 'refused', blockState: 'unknown' });
          expect(refused.what).toContain('migrate-guard layout /usr/bin/qemu-system-x86_64');
        }
        const report = await reset(stage, domain.name, '--strategy', strategy);
        expect(report).toMatchObject({ exit: 0, result: 'healed', blockState: 'healthy' });
        // The failure before the reset is not held against it any more.
        expect(await inspect(stage, domain)).toMatchObject({ blockState: 'healthy', exit: 0 });
        await expectWrites(domain);
      }
      mendPaths(domain);
      await expectMigration(domain);
      await expectWrites(domain);
      await domain.destroy();
    });
  });
});

/** Every way to choose one or more of the first `count` numbers. */
function everySet(count: number): number[][] {
  return Array.from({ length: 2 ** count - 1 }, (_, bits) =>
    Array.from({ length: count }, (__, index) => index).filter((index) => ((bits + 1) >> index) & 1),
  );
}

/** Works on all, some at a time; an error names what it belongs to. */
async function inParallel<T>(
  all: readonly T[],
  workers: number,
  work: (one: T) => Promise<void>,
): Promise<void> {
  const pending = [...all];
  const next = async (): Promise<void> => {
    for (let one = pending.shift(); one !== undefined; one = pending.shift()) {
      try {
        await work(one);
      } catch (cause) {
        throw new Error(`with ${JSON.stringify(one)}: ${String(cause)}`, { cause });
      }
    }
  };
  await Promise.all(Array.from({ length: workers }, next));
}
