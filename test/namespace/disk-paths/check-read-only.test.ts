import { statusXml } from '../harness/status-xml';
import { giveToQemu, placeDisk, useStage, type PlacedDisk, type Qemu } from '../harness';

// A backing file, as a live snapshot leaves one: libvirt's XML does not show whether QEMU holds it for writing.

const on = useStage({ volumes: 3 });
const inQemu = "in QEMU's mount namespace";

interface Below {
  readonly qemu: Qemu;
  readonly base: PlacedDisk;
}

/** One domain with a disk and a backing file, which QEMU holds by descriptors of these modes, in that order. */
async function startBelow(modes: readonly ('ro' | 'rw')[], between = 0): Promise<Below> {
  const [disk, base] = [await placeDisk(on.stage, on.volume(0)), await placeDisk(on.stage, on.volume(1), 1)];
  const others = Array.from({ length: between }, () => '/dev/null');
  const itself = modes.map((mode) => (mode === 'ro' ? `ro:${base.path}` : base.path));
  const qemu = await on.stage.startQemu({
    disks: [{ ...disk, below: base }],
    holds: [disk.path, ...itself.slice(0, 1), ...others, ...itself.slice(1)],
    prepare: async (tree) => {
      await giveToQemu(tree, disk);
      await giveToQemu(tree, base);
    },
  });
  return { qemu, base };
}

describe('whose path is gone inside', () => {
  test.each<[string, ('ro' | 'rw')[], number]>([
    ['for writing', ['rw'], 0],
    ['for reading, and for writing by another descriptor', ['ro', 'rw'], 0],
    ['for writing by the first of many descriptors', ['rw', 'ro'], 100],
    ['for writing by the last of many descriptors', ['ro', 'rw'], 100],
  ])('held %s: repairable, and made', async (_, modes, between) => {
    const { qemu, base } = await startBelow(modes, between);
    qemu.tree.remove(base.link);
    expect(await on.stage.check('310')).toMatchObject({
      exit: 1,
      verdict: 'repairable',
      troubles: [`disk-path problem: ${base.link} is missing ${inQemu}`],
    });
    const repaired = await on.stage.run(['repair', '310', ...on.stage.configuration]);
    expect(repaired).toMatchObject({ exit: 0, stderr: '' });
    expect(qemu.tree.inside('readlink', base.link)).toBe(`..${base.node.slice('/dev'.length)}\n`);
    expect(await on.stage.check('310')).toMatchObject({ exit: 0, verdict: 'safe' });
  });

  test.each<[string, ('ro' | 'rw')[], number]>([
    ['once', ['ro'], 0],
    ['by many descriptors', ['ro', 'ro'], 100],
  ])(
    'held for reading, %s: safe, with a note; a commit would fail, and a repair makes it',
    async (_, modes, between) => {
      const { qemu, base } = await startBelow(modes, between);
      qemu.tree.remove(base.link);
      const { exit, verdict, findings } = await on.stage.check('310');
      expect({ exit, verdict }).toEqual({ exit: 0, verdict: 'safe' });
      expect(findings).toContainEqual(
        expect.objectContaining({
          note: true,
          affects: ['commit'],
          what: `${base.link} is missing ${inQemu}; this makes only these orders fail: commit`,
        }),
      );
      expect(await on.stage.check('310', '--for', 'commit')).toMatchObject({
        exit: 1,
        verdict: 'repairable',
      });
      const repaired = await on.stage.run(['repair', '310', ...on.stage.configuration]);
      expect(repaired).toMatchObject({ exit: 0, stderr: '' });
      expect(qemu.tree.inside('readlink', base.link)).toBe(`..${base.node.slice('/dev'.length)}\n`);
    },
  );

  test('held in an unknown mode: undecided', async () => {
    const { qemu, base } = await startBelow(['ro']);
    qemu.tree.remove(base.link);
    on.stage.host.directory('/mnt/empty');
    on.stage.host.mount('--bind', '/mnt/empty', `/proc/${qemu.pid}/fdinfo`);
    const { exit, verdict, troubles } = await on.stage.check('310');
    expect({ exit, verdict }).toEqual({ exit: 2, verdict: 'undecided' });
    expect(troubles).toEqual([
      expect.stringMatching(
        /^disk-path unknown: .* is missing in QEMU's mount namespace, and whether QEMU opens this disk again to migrate is unknown: \/proc\/\d+\/fdinfo\/\d+: ENOENT$/,
      ),
    ]);
  });
});

test('whose path is complete: QEMU’s descriptors are not read', async () => {
  const { qemu, base } = await startBelow(['ro']);
  const looks = async (): Promise<number> => {
    const under = ['strace', '-f', '-e', 'trace=openat', '-o', '/mnt/trace'];
    await on.stage.run(['check', '310', ...on.stage.configuration], { under });
    return on.stage.host.read('/mnt/trace').split('/fdinfo/').length - 1;
  };
  expect(await looks()).toBe(0);
  qemu.tree.remove(base.link);
  // The disk and the backing file, each once.
  expect(await looks()).toBe(2);
});

test.each<['ro' | 'rw', object]>([
  ['rw', { exit: 1, verdict: 'blocked' }],
  ['ro', { exit: 0, verdict: 'safe' }],
])('which QEMU’s user may not open, held %s', async (mode, expected) => {
  const { qemu, base } = await startBelow([mode]);
  qemu.tree.own(base.node, { uid: 0, mode: 0o600 });
  expect(await on.stage.check('310')).toMatchObject(expected);
});

test('the image of a CD-ROM was replaced: safe, with a note; of a disk: blocked (cloudstack#11425)', async () => {
  const disk = await placeDisk(on.stage, on.volume(0));
  const image = '/mnt/one/datastores/0/310/disk.1';
  on.stage.host.file(image, 'old', { mode: 0o644 });
  const medium = { target: 'hda', path: image, type: 'file', readonly: true, device: 'cdrom' } as const;
  const qemu = await on.stage.startQemu({
    disks: [disk, medium],
    prepare: (tree) => giveToQemu(tree, disk),
  });
  on.stage.host.file(`${image}.new`, 'new', { mode: 0o644 });
  on.stage.host.inside('mv', `${image}.new`, image);
  const { exit, verdict, findings } = await on.stage.check('310');
  expect({ exit, verdict }).toEqual({ exit: 0, verdict: 'safe' });
  expect(findings.filter(({ note }) => note)).toMatchObject([
    {
      check: 'disk-device',
      disk: 'hda',
      state: 'ok',
      note: true,
      what: expect.stringMatching(
        /^the image of this CD-ROM was replaced: the path leads to file \S+ inode \d+, which the guest reads after a migration; until then it reads the one that QEMU holds, file \S+ inode \d+$/,
      ) as string,
    },
  ]);
  const { name, uuid, pid } = qemu;
  on.stage.writeStatus(name, statusXml({ name, uuid, pid, disks: [disk, { ...medium, device: 'disk' }] }));
  expect(await on.stage.check('310')).toMatchObject({ exit: 1, verdict: 'blocked' });
});

test('which two disks share, held for writing by one: repairable for both', async () => {
  const [base, ...tops] = [
    await placeDisk(on.stage, on.volume(0)),
    await placeDisk(on.stage, on.volume(1), 1),
    await placeDisk(on.stage, on.volume(2), 2),
  ];
  const qemu = await on.stage.startQemu({
    disks: tops.map((top) => ({ ...top, below: base })),
    holds: [...tops.map(({ path }) => path), `ro:${base.path}`, base.path],
    prepare: async (tree) => {
      for (const disk of [base, ...tops]) await giveToQemu(tree, disk);
    },
  });
  qemu.tree.remove(base.link);
  const { verdict, troubles, plan } = await on.stage.check('310');
  expect({ verdict, troubles, steps: plan.length }).toEqual({
    verdict: 'repairable',
    troubles: [1, 2].map(() => `disk-path problem: ${base.link} is missing ${inQemu}`),
    steps: 1,
  });
});
