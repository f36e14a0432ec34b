import { spawnSync } from 'node:child_process';
import { giveToQemu, placeDisk, useStage, type Tree } from '../harness';

// A device that became read-only while QEMU holds it open for writing: it can be opened as before.

const on = useStage();

function make(mode: '--setro' | '--setrw'): void {
  expect(spawnSync('blockdev', [mode, on.volume(0).device])).toMatchObject({ status: 0 });
}

afterEach(() => make('--setrw'));

test.each([[[]], [['--deep']]])(
  'with the options %j: blocked until it is writable again',
  async (options) => {
    const { disk, qemu } = await on.startHealthy();
    expect(await on.stage.check('310')).toMatchObject({ verdict: 'safe' });
    make('--setro');
    // Neither who reads nor who writes is refused when it is opened.
    expect(await qemu.servant.ask('open', disk.path)).toBe(
      `block ${disk.volume.rdev},block ${disk.volume.rdev}`,
    );
    const { verdict, troubles, findings } = await on.stage.check('310', ...options);
    expect(troubles).toContain(
      `disk-writable problem: block device ${disk.volume.rdev} is read-only on this host: QEMU could not take the disk back after a failed migration`,
    );
    expect(verdict).toBe('blocked');
    expect(findings.find(({ check }) => check === 'disk-writable')?.remedy).toContain(
      `blockdev --setrw ${disk.path}`,
    );
    make('--setrw');
    expect(await on.stage.check('310')).toMatchObject({ verdict: 'safe' });
  },
);

test('a disk that QEMU has held read-only since its start, on a read-only device: safe, with a note', async () => {
  const disk = await placeDisk(on.stage, on.volume(0));
  make('--setro');
  const prepare = (tree: Tree): Promise<void> => giveToQemu(tree, disk);
  await on.stage.startQemu({ disks: [disk], holds: [`ro:${disk.path}`], prepare });
  const { verdict, findings } = await on.stage.check('310');
  expect(verdict).toBe('safe');
  expect(findings).toContainEqual(
    expect.objectContaining({ check: 'disk-writable', state: 'ok', note: true }),
  );
});
