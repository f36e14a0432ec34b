import { giveToQemu, placeDisk, useStage, type PlacedDisk, type Qemu } from '../harness';

const on = useStage({ volumes: 3 });

const inQemu = "in QEMU's mount namespace";
const repairable = { exit: 1, verdict: 'repairable' };
const blocked = { exit: 1, verdict: 'blocked', plan: [] };

/** Empties the kernel's list of block devices, because a real device cannot be removed while it is open. */
const takeDevicesAway = (): string => on.stage.host.inside('mount', '-t', 'tmpfs', 'tmpfs', '/sys/dev/block');

describe('the device that QEMU holds is gone', () => {
  const gone = (path: string): string =>
    `do not migrate: block device ${on.volume(0).rdev}, which QEMU holds open, is gone, and what the guest writes fails; see that ${path} leads to the right volume, then power the VM off and start it`;

  test('and the path leads to the device that took its place', async () => {
    const { disk } = await on.startHealthy();
    on.stage.host.remove(disk.node);
    await on.stage.host.node(disk.node, 'b', on.volume(1).rdev, { uid: 9869 });
    takeDevicesAway();
    const { verdict, findings } = await on.stage.check('310');
    expect(verdict).toBe('blocked');
    expect(findings.filter(({ state }) => state === 'problem')).toMatchObject([
      { check: 'disk-device', remedy: gone(disk.path) },
    ]);
  });

  test('and the path leads to nothing', async () => {
    const { disk } = await on.startHealthy();
    on.stage.host.remove(disk.node);
    const before = await on.stage.check('310');
    expect(before.findings[0]?.remedy).toBe(
      `make ${disk.path} lead to block device ${on.volume(0).rdev}, which QEMU holds open, again`,
    );
    await on.stage.host.node(disk.node, 'b', on.volume(0).rdev, { uid: 9869 });
    expect(await on.stage.check('310')).toMatchObject({ verdict: 'safe' });
    on.stage.host.remove(disk.node);
    takeDevicesAway();
    const { findings } = await on.stage.check('310');
    expect(findings[0]?.remedy).toBe(gone(disk.path));
  });
});

describe('a wrong target', () => {
  test('another device inside: blocked, and both are named', async () => {
    const { disk, qemu } = await on.startHealthy();
    qemu.tree.remove(disk.node);
    await qemu.tree.node(disk.node, 'b', on.volume(1).rdev, { uid: 9869 });
    expect(await on.stage.check('310')).toMatchObject({
      ...blocked,
      troubles: [
        `disk-device problem: the path leads to block device ${on.volume(1).rdev} ${inQemu}, but QEMU holds no such device or file open`,
      ],
    });
  });

  test('another device on the host', async () => {
    const { disk, qemu } = await on.startHealthy();
    on.stage.host.remove(disk.node);
    await on.stage.host.node(disk.node, 'b', on.volume(1).rdev, { uid: 9869 });
    qemu.tree.remove(disk.link);
    const { troubles, ...rest } = await on.stage.check('310');
    expect(rest).toMatchObject(blocked);
    expect(troubles).toEqual([
      `disk-path problem: ${disk.link} is missing ${inQemu}`,
      `disk-device problem: the path leads to block device ${on.volume(1).rdev} on the host, but QEMU holds block device ${on.volume(0).rdev} open`,
    ]);
    // The advised remedy: the path leads to the device again.
    on.stage.host.remove(disk.node);
    await on.stage.host.node(disk.node, 'b', on.volume(0).rdev, { uid: 9869 });
    expect(await on.stage.check('310')).toMatchObject({ verdict: 'repairable' });
  });

  test('two disks that lead to each other’s device inside', async () => {
    const disks = [await placeDisk(on.stage, on.volume(0), 0), await placeDisk(on.stage, on.volume(1), 1)];
    const qemu = await on.stage.startQemu({
      disks,
      prepare: async (tree) => {
        for (const disk of disks) await giveToQemu(tree, disk);
      },
    });
    expect(await on.stage.check('310')).toMatchObject({ exit: 0, verdict: 'safe' });
    const [first, second] = disks as [PlacedDisk, PlacedDisk];
    for (const [disk, other] of [
      [first, second],
      [second, first],
    ] as const) {
      qemu.tree.remove(disk.link);
      qemu.tree.link(disk.link, `..${other.node.slice(4)}`);
    }
    const { troubles, ...rest } = await on.stage.check('310');
    expect(rest).toMatchObject(blocked);
    expect(troubles).toEqual([
      `disk-device problem: the path leads to block device ${on.volume(0).rdev} on the host, but to block device ${on.volume(1).rdev} ${inQemu}`,
      `disk-device problem: the path leads to block device ${on.volume(1).rdev} on the host, but to block device ${on.volume(0).rdev} ${inQemu}`,
    ]);
  });

  test('two disks that lead to one device everywhere', async () => {
    const disks = [await placeDisk(on.stage, on.volume(0), 0), await placeDisk(on.stage, on.volume(1), 1)];
    const [first, second] = disks as [PlacedDisk, PlacedDisk];
    const qemu = await on.stage.startQemu({
      disks,
      prepare: async (tree) => {
        for (const disk of disks) await giveToQemu(tree, disk);
      },
    });
    for (const tree of [on.stage.host, qemu.tree]) {
      tree.remove(second.link);
      tree.link(second.link, `..${first.node.slice(4)}`);
    }
    const { troubles, ...rest } = await on.stage.check('310');
    expect(rest).toMatchObject(blocked);
    expect(troubles).toEqual([
      `disk-device problem: vda and vdb both lead to block device ${on.volume(0).rdev}, so one of them is the wrong volume`,
      `disk-device problem: vdb and vda both lead to block device ${on.volume(0).rdev}, so one of them is the wrong volume`,
    ]);
  });

  test('links in a loop', async () => {
    const { disk, qemu } = await on.startHealthy();
    qemu.tree.remove(disk.link);
    qemu.tree.link(disk.link, disk.link);
    expect(await on.stage.check('310')).toMatchObject({
      ...repairable,
      troubles: [
        `disk-path problem: ${disk.link} is one link more than the kernel follows (40), probably a loop ${inQemu}`,
      ],
      plan: [{ step: 'replace-symlink', path: disk.link }],
    });
  });

  test.each<[string, (qemu: Qemu) => void | Promise<void>, string]>([
    [
      'a regular file where the directory was',
      (qemu) => qemu.tree.file('/dev/storpool'),
      '/dev/storpool is not a directory',
    ],
    [
      'a directory where the link was',
      (qemu) => qemu.tree.directory('/dev/storpool/one-310-disk-0'),
      '/dev/storpool/one-310-disk-0 is a directory',
    ],
    [
      'a socket where the link was',
      (qemu) => qemu.tree.node('/dev/storpool/one-310-disk-0', 's'),
      '/dev/storpool/one-310-disk-0 is neither a device nor a regular file',
    ],
    [
      'a character device where the link was',
      (qemu) => qemu.tree.node('/dev/storpool/one-310-disk-0', 'c', '1:3'),
      '/dev/storpool/one-310-disk-0 is character device 1:3',
    ],
  ])('%s', async (_, change, what) => {
    const { qemu } = await on.startHealthy();
    qemu.tree.remove('/dev/storpool');
    await change(qemu);
    expect(await on.stage.check('310')).toMatchObject({
      ...blocked,
      troubles: [`disk-path problem: ${what} ${inQemu}`],
    });
  });
});
