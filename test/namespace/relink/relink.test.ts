import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { giveToQemu, placeDisk, useStage, type PlacedDisk, type Qemu, type Tree } from '../harness';
import { configuration, furnish, journals, runRelink, type Printed } from './run-relink';

const on = useStage({ volumes: 5 });
const qemus = new Map<string, Qemu>();

beforeEach(() => furnish(on.stage));

function relink(...args: readonly string[]): Promise<Printed> {
  return runRelink(on.stage, args);
}

function qemuOf(name: string): Qemu {
  const qemu = qemus.get(name);
  if (!qemu) throw new Error(`no QEMU of ${name}`);
  return qemu;
}

function byid(vm: number): string {
  return `/dev/storpool-byid/fir.b.${vm}`;
}

/** A domain whose disk is a link of oneadmin's, and on the host the link through which the update would lead it. */
async function startOld(vm: number): Promise<PlacedDisk> {
  const disk = await placeDisk(on.stage, on.volume(vm % 5), 0, vm);
  on.stage.host.own(disk.path, { uid: 9869 });
  on.stage.host.own(disk.path.slice(0, disk.path.lastIndexOf('/')), { uid: 9869 });
  on.stage.host.link(byid(vm), `..${disk.node.slice('/dev'.length)}`);
  const prepare = (tree: Tree): Promise<void> => giveToQemu(tree, disk);
  qemus.set(`one-${vm}`, await on.stage.startQemu({ name: `one-${vm}`, disks: [disk], prepare }));
  return disk;
}

function targetOf(disk: PlacedDisk): string {
  return readlinkSync(on.stage.host.path(disk.path));
}

async function verdicts(): Promise<Set<string>> {
  const { domains } = await on.stage.check('--all');
  return new Set(domains.map(({ verdict }) => verdict));
}

test('20 domains, three of which cannot be made safe: 17 links move, three stay and are named; undo restores', async () => {
  const disks: PlacedDisk[] = [];
  for (let vm = 1; vm <= 20; vm += 1) disks.push(await startOld(vm));
  const [wrong, trapped, full] = [7, 12, 17].map((vm) => disks[vm - 1]);
  if (!wrong || !trapped || !full) throw new Error('fewer than 20 disks');
  on.stage.host.remove(byid(7));
  on.stage.host.link(byid(7), '../sp-8-0');
  qemuOf('one-12').tree.link('/dev/storpool-byid', '/mnt');
  qemuOf('one-17').tree.mount('-o', 'remount,ro', '/dev');
  on.stage.host.file('/mnt/map', disks.map((disk, index) => `${disk.path} ${byid(index + 1)}\n`).join(''));

  const dry = await relink('--map', '/mnt/map', '--dry-run');
  expect([dry.exit, dry.journal]).toEqual([1, null]);
  expect(dry.links.filter(({ result }) => result === 'would-move')).toHaveLength(18);
  expect(disks.map(targetOf)).toEqual(disks.map(({ link }) => link));

  const { exit, links, journal } = await relink('--map', '/mnt/map');
  expect(exit).toBe(1);
  expect(links.filter(({ result }) => result === 'moved')).toHaveLength(17);
  expect(links.filter(({ result }) => result === 'left').map(({ link, why }) => [link, why])).toEqual([
    [
      wrong.path,
      `it now leads to block device ${wrong.volume.rdev} /dev/sp-7-0, but then to block device ${on.volume(3).rdev} /dev/sp-8-0`,
    ],
    [
      trapped.path,
      "one-12: /dev/storpool-byid is a link to /mnt in QEMU's mount namespace, but a directory on the host",
    ],
    [
      full.path,
      "one-17: /dev/storpool-byid could not be made in QEMU's mount namespace: the file system is mounted read-only",
    ],
  ]);
  const left = new Set([wrong, trapped, full]);
  expect(disks.map(targetOf)).toEqual(
    disks.map((disk, index) => (left.has(disk) ? disk.link : byid(index + 1))),
  );
  expect(statSync(on.stage.host.path('/mnt')).isDirectory()).toBe(true);
  expect(readdirSync(on.stage.host.path('/mnt'))).not.toContain('fir.b.12');
  expect(await verdicts()).toEqual(new Set(['safe']));

  const undone = await relink('--undo', journal ?? '');
  expect(undone.exit).toBe(0);
  expect(undone.links).toHaveLength(17);
  expect(disks.map(targetOf)).toEqual(disks.map(({ link }) => link));
  expect(await verdicts()).toEqual(new Set(['safe']));
});

test('a moved link keeps its owner, and a correct link is not changed', async () => {
  const disk = await startOld(310);
  expect((await relink(disk.path, byid(310))).links).toMatchObject([
    { link: disk.path, from: disk.link, to: byid(310), result: 'moved', domains: ['one-310'] },
  ]);
  expect(on.stage.host.inside('stat', '-c', '%u:%g', disk.path).trim()).toBe('9869:9869');
  expect((await relink(disk.path, byid(310))).links).toMatchObject([{ result: 'unchanged' }]);
});

test.each([
  ['by its right name again', (disk: PlacedDisk) => disk.link],
  ['by another one that is not inside', () => '/dev/storpool-named/x'],
])(
  'a read-only disk whose path inside is broken, which harms nothing, can be led %s',
  async (_, toTarget) => {
    const { host } = on.stage;
    const disk = { ...(await placeDisk(on.stage, on.volume(0))), readonly: true };
    const qemu = await on.stage.startQemu({ disks: [disk], prepare: (tree) => giveToQemu(tree, disk) });
    // An admin has re-pointed its link manually.
    for (const name of ['/dev/storpool-byid/x', '/dev/storpool-named/x']) host.link(name, '../sp-310-0');
    host.remove(disk.path);
    host.link(disk.path, '/dev/storpool-byid/x');
    expect((await on.stage.check('310')).verdict).toBe('safe');

    const target = toTarget(disk);
    expect(await relink(disk.path, target, '--dry-run')).toMatchObject({
      exit: 0,
      links: [{ result: 'would-move' }],
    });
    expect(await relink(disk.path, target)).toMatchObject({ exit: 0, links: [{ result: 'moved' }] });
    expect(await qemu.servant.ask('open', disk.path)).toBe(
      `block ${disk.volume.rdev},block ${disk.volume.rdev}`,
    );
  },
);

test('an unknown is a doubt: a domain with a broken status XML keeps every link', async () => {
  const disk = await startOld(310);
  on.stage.writeStatus('one-9', '<domstatus>');
  const { exit, links } = await relink(disk.path, byid(310));
  expect(exit).toBe(1);
  expect(links[0]).toMatchObject({ result: 'left' });
  expect(links[0]?.why).toMatch(/^whether one-9 uses it cannot be determined: /);
  expect(targetOf(disk)).toBe(disk.link);
});

test('undo does not change a link that was moved since', async () => {
  const disk = await startOld(310);
  const { journal } = await relink(disk.path, byid(310));
  on.stage.host.remove(disk.path);
  on.stage.host.link(disk.path, disk.node);
  const { exit, links } = await relink('--undo', journal ?? '');
  expect(exit).toBe(1);
  expect(links).toMatchObject([
    { result: 'left', why: `it points to ${disk.node} by now, not to ${byid(310)}` },
  ]);
});

test.each([
  ['/dev/x', 'expected "link target", found 1 words'],
  ['/dev/x /dev/y\n/dev/x /dev/z', 'line 2: /dev/x is in line 1 already'],
  ['x /dev/y', 'x is not an absolute path'],
])('a map with a mistake is refused as a whole: %j', async (text, what) => {
  on.stage.host.file('/mnt/map', `# a comment\n\n${text}\n`);
  const { exit, stderr, links } = await relink('--map', '/mnt/map');
  expect([exit, links]).toEqual([64, undefined]);
  expect(stderr).toContain(what.replace('line 2', 'line 4').replace('line 1 ', 'line 3 '));
});

test('killed with -9 at any rename or fsync: the journal is correct, and the next run completes', async () => {
  const disks = [await startOld(1), await startOld(2), await startOld(3)];
  on.stage.host.file('/mnt/map', disks.map((disk, index) => `${disk.path} ${byid(index + 1)}\n`).join(''));
  let kills = 0;
  for (const call of ['rename', 'fsync']) {
    for (let nth = 1; ; nth += 1) {
      const kill = ['-e', `trace=${call}`, '-e', `inject=${call}:error=EINTR:signal=SIGKILL:when=${nth}`];
      const under = ['strace', '-qq', '-f', '-o', '/dev/null', ...kill];
      const argv = ['relink', '--map', '/mnt/map', '--config', configuration];
      if ((await on.stage.run(argv, { under })).exit === 0) break;
      kills += 1;
      for (const [index, disk] of disks.entries()) {
        const { begun, done } = lastEntry(disk.path);
        if (done) expect(targetOf(disk)).toBe(byid(index + 1));
        else if (!begun) expect(targetOf(disk)).toBe(disk.link);
        else expect([disk.link, byid(index + 1)]).toContain(targetOf(disk));
      }
      expect(await verdicts()).toEqual(new Set(['safe']));
      expect((await relink('--map', '/mnt/map')).exit).toBe(0);
      for (const disk of disks) expect((await relink(disk.path, disk.link)).exit).toBe(0);
      on.stage.host.remove(journals);
    }
    for (const disk of disks) expect((await relink(disk.path, disk.link)).exit).toBe(0);
    on.stage.host.remove(journals);
  }
  // Each link has two journal writes, and the renames, which run in processes of the links' owner.
  expect(kills).toBeGreaterThanOrEqual(7);
});

/** The last entry about a link in the only journal. */
function lastEntry(link: string): { begun: boolean; done: boolean } {
  const [file] = readdirSync(on.stage.host.path(journals));
  const lines = file === undefined ? '' : readFileSync(on.stage.host.path(`${journals}/${file}`), 'utf8');
  const states = lines
    .split('\n')
    .filter((line) => line.includes(JSON.stringify(link)))
    .map((line) => (JSON.parse(line) as { state: string }).state);
  return { begun: states.includes('begin'), done: states.includes('done') };
}
