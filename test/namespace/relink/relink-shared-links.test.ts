import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { giveToQemu, placeDisk, until, useStage, type PlacedDisk, type Qemu, type Tree } from '../harness';
import { configuration, furnish, runRelink, type Printed } from './run-relink';

// The effect on the other disks of a VM, and on today's path, when a link inside is replaced for the new path.

const on = useStage({ volumes: 3 });
const other = { path: '/mnt/one/datastores/0/310/disk.1', node: '/dev/sp-310-1' };

beforeEach(() => furnish(on.stage));

/**
 * On the host /dev/vol leads to pool2; inside it has led to pool1 since QEMU started, and vdb's path contains it. vda
 * has the path under which it was placed, or another target.
 */
async function start(
  vdaTarget?: string,
  prepare: (tree: Tree) => void = () => undefined,
): Promise<[PlacedDisk, Qemu]> {
  const { host } = on.stage;
  const disk = await placeDisk(on.stage, on.volume(0));
  const giveOther = (tree: Tree): Promise<void> =>
    tree.node(other.node, 'b', on.volume(1).rdev, { uid: 9869 });
  await giveOther(host);
  host.link('/dev/vol', 'pool2');
  for (const name of ['a', 'a-too']) host.link(`/dev/pool2/${name}`, `..${disk.node.slice('/dev'.length)}`);
  host.link('/dev/pool2/b', `..${other.node.slice('/dev'.length)}`);
  host.link(other.path, '/dev/vol/b');
  if (vdaTarget !== undefined) {
    host.remove(disk.path);
    host.link(disk.path, vdaTarget);
  }
  const qemu = await on.stage.startQemu({
    disks: [disk, { path: other.path }],
    prepare: async (tree) => {
      await giveToQemu(tree, disk);
      await giveOther(tree);
      tree.link('/dev/vol', 'pool1');
      tree.link('/dev/pool1/b', `..${other.node.slice('/dev'.length)}`);
      prepare(tree);
    },
  });
  expect((await on.stage.check('310')).verdict).toBe('safe');
  return [disk, qemu];
}

/** The device that QEMU would open at a path now, as the servant reports one of our volumes. */
function device(volume: number): string {
  const { rdev } = on.volume(volume);
  return `block ${rdev},block ${rdev}`;
}

test('another disk whose path contains a link that is replaced inside keeps its path', async () => {
  const [disk, qemu] = await start();
  expect(await runRelink(on.stage, [disk.path, '/dev/vol/a', '--dry-run'])).toMatchObject({
    exit: 0,
    links: [{ result: 'would-move' }],
  });
  expect(await runRelink(on.stage, [disk.path, '/dev/vol/a'])).toMatchObject({
    exit: 0,
    links: [{ result: 'moved' }],
  });
  expect(readlinkSync(qemu.tree.path('/dev/vol'))).toBe('pool2');
  expect((await on.stage.check('310')).verdict).toBe('safe');
  expect(await qemu.servant.ask('open', other.path)).toBe(device(1));
});

test('if the path of another disk cannot be kept, the link stays, and nothing is changed inside', async () => {
  const [disk, qemu] = await start(undefined, (tree) => tree.directory('/dev/pool2/b'));
  for (const option of [['--dry-run'], []]) {
    const { exit, links } = await runRelink(on.stage, [disk.path, '/dev/vol/a', ...option]);
    expect([exit, links]).toMatchObject([1, [{ result: 'left' }]]);
    expect(links[0]?.why).toBe(
      "one-310: vdb shares a part of its path, and /dev/pool2/b is a directory in QEMU's mount namespace, but a link on the host",
    );
  }
  expect(readlinkSync(qemu.tree.path('/dev/vol'))).toBe('pool1');
  expect(readlinkSync(on.stage.host.path(disk.path))).toBe(disk.link);
  expect((await on.stage.check('310')).verdict).toBe('safe');
});

test('a link on the path of another disk that is in doubt already is not replaced', async () => {
  const [disk, qemu] = await start();
  await on.stage.host.node('/dev/wrong', 'b', on.volume(2).rdev, { uid: 9869 });
  on.stage.host.remove('/dev/pool2/b');
  on.stage.host.link('/dev/pool2/b', '../wrong');
  for (const option of [['--dry-run'], []]) {
    const { exit, links } = await runRelink(on.stage, [disk.path, '/dev/vol/a', ...option]);
    expect([exit, links]).toMatchObject([1, [{ result: 'left' }]]);
    expect(links[0]?.why).toMatch(
      /^one-310: vdb: the path leads to block device \S+ on the host, but QEMU holds /,
    );
  }
  expect(await qemu.servant.ask('open', other.path)).toBe(device(1));
});

test('a disk elsewhere whose path was missing inside before does not keep the link from its move', async () => {
  const [disk, qemu] = await start();
  const { host } = on.stage;
  host.link('/dev/new/b', `..${other.node.slice('/dev'.length)}`);
  host.remove(other.path);
  host.link(other.path, '/dev/new/b');
  expect((await on.stage.check('310')).verdict).toBe('repairable');
  host.link('/dev/byname/a', `..${disk.node.slice('/dev'.length)}`);
  expect(await runRelink(on.stage, [disk.path, '/dev/byname/a'])).toMatchObject({
    exit: 0,
    links: [{ result: 'moved' }],
  });
  expect(await qemu.servant.ask('open', disk.path)).toBe(device(0));
});

test("today's path stays complete next to the new one, in case the link is not moved or is moved back", async () => {
  const [disk, qemu] = await start('/dev/vol/a', (tree) => tree.link('/dev/pool1/a', '../sp-310-0'));
  expect((await runRelink(on.stage, [disk.path, '/dev/vol/a-too'])).links).toMatchObject([
    { result: 'moved' },
  ]);
  expect((await on.stage.check('310')).verdict).toBe('safe');
  expect(await qemu.servant.ask('open', '/dev/vol/a')).toBe(device(0));
  expect(await qemu.servant.ask('open', '/dev/vol/b')).toBe(device(1));
});

/**
 * Moves the first disk's link. The program stops after the first entry in its journal, and continues when the other
 * disk's node is gone.
 */
async function relinkWhileOtherGoes(
  disk: PlacedDisk,
  qemu: Qemu,
  ...faults: readonly string[]
): Promise<{ exit: number | null; stdout: string }> {
  const stop = ['-e', 'trace=fsync,rename', '-e', 'inject=fsync:signal=SIGSTOP:when=1', ...faults];
  const under = ['strace', '-f', '-o', '/mnt/trace', ...stop];
  const argv = ['relink', disk.path, '/dev/vol/a', '--json', '--config', configuration];
  const running = on.stage.run(argv, { under });
  const trace = on.stage.host.path('/mnt/trace');
  const pid = await until(() => stoppedIn(trace), { what: 'relink stops at its journal' });
  qemu.tree.remove(other.node);
  process.kill(pid, 'SIGCONT');
  return running;
}

test('if another disk is not safe any more after the move of the link, the link is moved back', async () => {
  const [disk, qemu] = await start();
  const { host } = on.stage;
  const { exit, stdout } = await relinkWhileOtherGoes(disk, qemu);
  expect(exit).toBe(1);
  expect((JSON.parse(stdout) as Printed).links).toMatchObject([
    {
      result: 'left',
      why: `it was moved and taken back: one-310: vdb: ${other.node} is missing in QEMU's mount namespace`,
    },
  ]);
  expect(readlinkSync(host.path(disk.path))).toBe(disk.link);
  expect(await qemu.servant.ask('open', disk.path)).toBe(device(0));
});

test('a link that cannot be moved back needs an operator, and the message names the VM in doubt', async () => {
  const [disk, qemu] = await start();
  // The renames are: two inside the VM, the link of the host, and back.
  const { exit, stdout } = await relinkWhileOtherGoes(disk, qemu, '-e', 'inject=rename:error=EROFS:when=4');
  expect([exit, JSON.parse(stdout)]).toMatchObject([
    4,
    {
      error: {
        what: `${disk.path} was moved to /dev/vol/a, after which one-310: vdb: ${other.node} is missing in QEMU's mount namespace; it could not be taken back: ${disk.path} could not be re-pointed: EROFS`,
        remedy: `look where it points, and at migrate-guard check --all; it pointed to ${disk.link}`,
      },
    },
  ]);
  expect(readlinkSync(on.stage.host.path(disk.path))).toBe('/dev/vol/a');
});

/** The process that has stopped according to a trace. */
function stoppedIn(trace: string): number | undefined {
  const text = existsSync(trace) ? readFileSync(trace, 'utf8') : '';
  const pid = /^(\d+) +--- stopped by SIGSTOP ---$/m.exec(text)?.[1];
  return pid === undefined ? undefined : Number(pid);
}
