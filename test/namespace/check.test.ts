import {
  bundleProgram,
  giveToQemu,
  placeDisk,
  Stage,
  Volume,
  type PlacedDisk,
  type Program,
} from './harness';

let program: Program;
let stage: Stage;
const volumes: Volume[] = [];

beforeAll(async () => {
  program = await bundleProgram();
  volumes.push(await Volume.create(), await Volume.create(), await Volume.create());
});

afterAll(() => {
  program.remove();
  for (const volume of volumes) volume.release();
});

beforeEach(async () => {
  stage = await Stage.start(program.file);
});

afterEach(() => stage.end());

function volume(index: number): Volume {
  const found = volumes[index];
  if (!found) throw new Error(`there is no volume ${index}`);
  return found;
}

/** One domain with one disk of the first volume, healthy until the test breaks something. */
async function startHealthy(): Promise<{ disk: PlacedDisk; qemu: Awaited<ReturnType<Stage['startQemu']>> }> {
  const disk = await placeDisk(stage, volume(0));
  const qemu = await stage.startQemu({ disks: [disk], prepare: (tree) => giveToQemu(tree, disk) });
  return { disk, qemu };
}

const inQemu = "in QEMU's mount namespace";
const repairable = { exit: 1, verdict: 'repairable' };
const blocked = { exit: 1, verdict: 'blocked', plan: [] };

describe('a healthy domain', () => {
  test.each(['one-310', '310'])('is safe, by the name %s', async (word) => {
    const { disk, qemu } = await startHealthy();
    const { rdev } = volume(0);
    const evidence = {
      host: [
        `${disk.path} -> ${disk.link}`,
        `${disk.link} -> ../sp-310-0`,
        `/dev/sp-310-0: block device ${rdev}`,
      ],
      namespace: [
        `${disk.path} -> ${disk.link}`,
        `${disk.link} -> ../sp-310-0`,
        `/dev/sp-310-0: block device ${rdev}`,
      ],
      device: rdev,
    };
    const base = { disk: 'vda', path: disk.path, state: 'ok' };
    const checked = await stage.check(word);
    expect(checked).toMatchObject({ exit: 0, stderr: '', verdict: 'safe', troubles: [] });
    expect(checked.domains).toMatchObject([{ domain: 'one-310', pid: qemu.pid }]);
    expect(checked.findings).toEqual([
      { ...base, check: 'disk-path', what: 'the path leads to a disk', evidence },
      {
        ...base,
        check: 'disk-device',
        what: 'the path leads to what QEMU holds open',
        evidence: { ...evidence, open: rdev },
      },
      { ...base, check: 'disk-access', what: 'QEMU (uid 9869, gid 9869) may open it', evidence },
    ]);
  });

  test('is safe by its UUID, in either case', async () => {
    const { qemu } = await startHealthy();
    expect(await stage.check(qemu.uuid.toUpperCase())).toMatchObject({ exit: 0, verdict: 'safe' });
  });

  test('is told in one line to a person', async () => {
    await startHealthy();
    const { exit, stdout, stderr } = await stage.run(['check', '--all', ...stage.configuration]);
    expect({ exit, stdout, stderr }).toEqual({ exit: 0, stdout: 'one-310: safe\n', stderr: '' });
  });

  test('without a mount namespace of its own is safe, too', async () => {
    const disk = await placeDisk(stage, volume(0));
    await stage.startQemu({ disks: [disk], ownNamespace: false });
    expect(await stage.check('310')).toMatchObject({ exit: 0, verdict: 'safe', troubles: [] });
  });

  test('with --deep has opened each disk as QEMU would; what libvirtd does not answer stays undecided', async () => {
    await startHealthy();
    const { exit, verdict, findings, troubles } = await stage.check('310', '--deep');
    expect({ exit, verdict }).toEqual({ exit: 2, verdict: 'undecided' });
    expect(findings).toContainEqual(
      expect.objectContaining({
        check: 'disk-open',
        state: 'ok',
        what: 'opened inside the namespace as QEMU (uid 9869, gid 9869)',
      }),
    );
    expect(troubles).toEqual([
      expect.stringMatching(/^disk-name unknown: QEMU could not be asked for its block nodes: /),
    ]);
  });
});

describe('what is missing in the namespace', () => {
  test('a directory and the link in it: planned from the host', async () => {
    const { disk, qemu } = await startHealthy();
    qemu.tree.remove('/dev/storpool');
    const checked = await stage.check('310');
    expect(checked).toMatchObject({
      ...repairable,
      troubles: [`disk-path problem: /dev/storpool is missing ${inQemu}`],
    });
    expect(checked.plan).toEqual([
      { step: 'make-directory', path: '/dev/storpool', mode: 0o755, uid: 0, gid: 0 },
      { step: 'make-symlink', path: disk.link, target: '../sp-310-0', mode: 0o777, uid: 0, gid: 0 },
    ]);
  });

  test('the same for a person', async () => {
    const { disk, qemu } = await startHealthy();
    qemu.tree.remove('/dev/storpool');
    const { exit, stdout } = await stage.run(['check', '310', ...stage.configuration]);
    expect(exit).toBe(1);
    expect(stdout).toBe(
      `one-310: repairable
  vda ${disk.path}: /dev/storpool is missing ${inQemu}
    -> migrate-guard repair one-310
  a repair would do:
    make directory /dev/storpool (owner 0:0, mode 0755)
    make link ${disk.link} -> ../sp-310-0 (owner 0:0)
`,
    );
  });

  test('the link alone', async () => {
    const { disk, qemu } = await startHealthy();
    qemu.tree.remove(disk.link);
    expect(await stage.check('310')).toMatchObject({
      ...repairable,
      troubles: [`disk-path problem: ${disk.link} is missing ${inQemu}`],
      plan: [{ step: 'make-symlink', path: disk.link }],
    });
  });

  test('the device: made like the node that is inside already', async () => {
    const { disk, qemu } = await startHealthy();
    await qemu.tree.node('/dev/loop-old', 'b', volume(0).rdev, { uid: 9869, mode: 0o640 });
    qemu.tree.remove(disk.node);
    expect(await stage.check('310')).toMatchObject({
      ...repairable,
      troubles: [`disk-path problem: ${disk.node} is missing ${inQemu}`],
      plan: [{ step: 'make-node', path: disk.node, device: volume(0).rdev, uid: 9869, mode: 0o640 }],
    });
  });

  test('the device that a link still names', async () => {
    const { disk } = await startHealthy();
    stage.host.remove(disk.path);
    stage.host.link(disk.path, '/dev/new/name');
    stage.host.link('/dev/new/name', `..${disk.node.slice(4)}`);
    expect(await stage.check('310')).toMatchObject({
      ...repairable,
      troubles: [`disk-path problem: /dev/new is missing ${inQemu}`],
    });
  });

  test('the link on the host as well: nothing to repair from', async () => {
    const { disk } = await startHealthy();
    stage.host.remove(disk.link);
    expect(await stage.check('310')).toMatchObject({
      ...blocked,
      troubles: [`disk-path problem: ${disk.link} is missing on the host`],
    });
  });

  test('a link that dangles on purpose', async () => {
    const { disk, qemu } = await startHealthy();
    qemu.tree.remove(disk.link);
    qemu.tree.link(disk.link, '../gone');
    expect(await stage.check('310')).toMatchObject({
      ...repairable,
      troubles: [`disk-path problem: /dev/gone is missing ${inQemu}`],
      plan: [{ step: 'replace-symlink', path: disk.link, was: '../gone', target: '../sp-310-0' }],
    });
  });
});

describe('what leads astray', () => {
  test('another device inside: blocked, and both are named', async () => {
    const { disk, qemu } = await startHealthy();
    qemu.tree.remove(disk.node);
    await qemu.tree.node(disk.node, 'b', volume(1).rdev, { uid: 9869 });
    expect(await stage.check('310')).toMatchObject({
      ...blocked,
      troubles: [
        `disk-device problem: the path leads to block device ${volume(1).rdev} ${inQemu}, but QEMU holds no such device or file open`,
      ],
    });
  });

  test('another device on the host', async () => {
    const { disk, qemu } = await startHealthy();
    stage.host.remove(disk.node);
    await stage.host.node(disk.node, 'b', volume(1).rdev, { uid: 9869 });
    qemu.tree.remove(disk.link);
    const { troubles, ...rest } = await stage.check('310');
    expect(rest).toMatchObject(blocked);
    expect(troubles).toEqual([
      `disk-path problem: ${disk.link} is missing ${inQemu}`,
      `disk-device problem: the path leads to block device ${volume(1).rdev} on the host, but QEMU holds block device ${volume(0).rdev} open`,
    ]);
  });

  test('two disks that lead to each other’s device inside', async () => {
    const disks = [await placeDisk(stage, volume(0), 0), await placeDisk(stage, volume(1), 1)];
    const qemu = await stage.startQemu({
      disks,
      prepare: async (tree) => {
        for (const disk of disks) await giveToQemu(tree, disk);
      },
    });
    expect(await stage.check('310')).toMatchObject({ exit: 0, verdict: 'safe' });
    const [first, second] = disks as [PlacedDisk, PlacedDisk];
    for (const [disk, other] of [
      [first, second],
      [second, first],
    ] as const) {
      qemu.tree.remove(disk.link);
      qemu.tree.link(disk.link, `..${other.node.slice(4)}`);
    }
    const { troubles, ...rest } = await stage.check('310');
    expect(rest).toMatchObject(blocked);
    expect(troubles).toEqual([
      `disk-device problem: the path leads to block device ${volume(0).rdev} on the host, but to block device ${volume(1).rdev} ${inQemu}`,
      `disk-device problem: the path leads to block device ${volume(1).rdev} on the host, but to block device ${volume(0).rdev} ${inQemu}`,
    ]);
  });

  test('two disks that lead to one device everywhere', async () => {
    const disks = [await placeDisk(stage, volume(0), 0), await placeDisk(stage, volume(1), 1)];
    const [first, second] = disks as [PlacedDisk, PlacedDisk];
    const qemu = await stage.startQemu({
      disks,
      prepare: async (tree) => {
        for (const disk of disks) await giveToQemu(tree, disk);
      },
    });
    for (const tree of [stage.host, qemu.tree]) {
      tree.remove(second.link);
      tree.link(second.link, `..${first.node.slice(4)}`);
    }
    const { troubles, ...rest } = await stage.check('310');
    expect(rest).toMatchObject(blocked);
    expect(troubles).toEqual([
      `disk-device problem: vda and vdb both lead to block device ${volume(0).rdev}, so one of them is the wrong volume`,
      `disk-device problem: vdb and vda both lead to block device ${volume(0).rdev}, so one of them is the wrong volume`,
    ]);
  });

  test('links that run in a circle', async () => {
    const { disk, qemu } = await startHealthy();
    qemu.tree.remove(disk.link);
    qemu.tree.link(disk.link, disk.link);
    expect(await stage.check('310')).toMatchObject({
      ...repairable,
      troubles: [
        `disk-path problem: ${disk.link} is one link more than the kernel follows (40), probably a loop ${inQemu}`,
      ],
      plan: [{ step: 'replace-symlink', path: disk.link }],
    });
  });

  test.each([
    [
      'a regular file where the directory was',
      (qemu: Awaited<ReturnType<Stage['startQemu']>>) => qemu.tree.file('/dev/storpool'),
      '/dev/storpool is not a directory',
    ],
    [
      'a directory where the link was',
      (qemu: Awaited<ReturnType<Stage['startQemu']>>) => qemu.tree.directory('/dev/storpool/one-310-disk-0'),
      '/dev/storpool/one-310-disk-0 is a directory',
    ],
    [
      'a socket where the link was',
      (qemu: Awaited<ReturnType<Stage['startQemu']>>) => qemu.tree.node('/dev/storpool/one-310-disk-0', 's'),
      '/dev/storpool/one-310-disk-0 is neither a device nor a regular file',
    ],
    [
      'a character device where the link was',
      (qemu: Awaited<ReturnType<Stage['startQemu']>>) =>
        qemu.tree.node('/dev/storpool/one-310-disk-0', 'c', '1:3'),
      '/dev/storpool/one-310-disk-0 is character device 1:3',
    ],
  ])('%s', async (_, change, what) => {
    const { qemu } = await startHealthy();
    qemu.tree.remove('/dev/storpool');
    await change(qemu);
    expect(await stage.check('310')).toMatchObject({
      ...blocked,
      troubles: [`disk-path problem: ${what} ${inQemu}`],
    });
  });
});
