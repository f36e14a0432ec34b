import { spawnSync } from 'node:child_process';
import { ifMade } from '../../support/if-made';
import type { Volume } from '../../lab/harness';
import { failMigration, quietDomain } from '../block-state/reset-testbed';
import { diskOf, Stage } from '../qemu-stage';

let stage: Stage;
/** The kernel keeps the mode for whoever gets this loop device next. */
let readOnly: Volume | undefined;

beforeAll(async () => {
  stage = await Stage.start();
});

afterAll(() => ifMade(stage, (made) => made.stop()));

const make = (mode: '--setro' | '--setrw', { device }: Volume): void =>
  expect(spawnSync('blockdev', [mode, device])).toMatchObject({ status: 0 });

afterEach(() => readOnly && make('--setrw', readOnly));

test('a disk whose device became read-only is reported before the move after which QEMU could not take it back', async () => {
  const domain = await quietDomain(stage, 340, 2, { emulator: 'debian' });
  readOnly = diskOf(domain, 0).volume;
  make('--setro', readOnly);
  for (const options of [[], ['--deep']]) {
    const { verdict, findings } = await stage.report('check', domain.name, ...options);
    expect(verdict).toBe('blocked');
    expect(findings).toContainEqual(
      expect.objectContaining({ check: 'disk-writable', disk: 'vda', state: 'problem' }),
    );
  }

  // What the check says is what QEMU does: it gives up vda, fails at vdb, and cannot have vda again.
  await failMigration(domain, [1]);
  await domain.untilLogged('The device is not writable');
  await domain.destroy();
});
