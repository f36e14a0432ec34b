import { lstatSync, readdirSync } from 'node:fs';
import type { Domain } from '../../../src/hypervisor/model/domain-xml';
import type { Step } from '../../../src/core/repair-step';
import { apply } from '../../../src/disk-paths/steps';
import { collectFacts } from '../../../src/disk-paths/io/collect-facts';
import { report } from '../../../src/disk-paths/check';
import { defaultSettings } from '../../../src/config/settings';
import { repairLocked } from '../../../src/disk-paths/repair';
import { ifMade } from '../../support/if-made';
import {
  domainOf,
  giveToQemu,
  placeDisk,
  Stage,
  Volume,
  whileHeld,
  type PlacedDisk,
  type Qemu,
} from '../harness';

let stage: Stage;
let qemu: Qemu;
let disk: PlacedDisk;
let domain: Domain;
let right: Volume;
let wrong: Volume;

beforeAll(async () => {
  [right, wrong] = [await Volume.create(), await Volume.create()];
});

afterAll(() => {
  ifMade(right, (made) => made.release());
  ifMade(wrong, (made) => made.release());
});

const byid = '/dev/storpool-byid/fir.b.f2g';

/** A domain whose disk's link was re-pointed on the host, and a directory in which nothing may ever be created. */
beforeEach(async () => {
  stage = await Stage.start('');
  disk = await placeDisk(stage, right);
  stage.host.directory('/mnt/trap', { mode: 0o777 });
  qemu = await stage.startQemu({ disks: [disk], prepare: (tree) => giveToQemu(tree, disk) });
  stage.host.link(byid, '../sp-310-0');
  stage.host.remove(disk.path);
  stage.host.link(disk.path, byid);
  domain = domainOf(qemu, disk.path);
});

afterEach(() => ifMade(stage, (made) => made.end()));

function repair(): ReturnType<typeof repairLocked> {
  return repairLocked(domain, { settings: defaultSettings, dryRun: false, root: stage.host.root });
}

/** Every entry of the namespace's /dev, with the attributes that a change would affect. */
function picture(): ({ name: string } & object)[] {
  const root = qemu.tree.path('/dev');
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (name) => !name.startsWith('fd/'),
  );
  return names.sort().map((name) => {
    const { ino, ctimeMs, mode, uid, gid } = lstatSync(`${root}/${name}`);
    return { name, ino, ctimeMs, mode, uid, gid };
  });
}

/** Plans with the current facts, lets `meanwhile` change the machine, then executes the plan. */
async function planThenAct(
  meanwhile: () => void | Promise<void>,
): Promise<{ done: readonly Step[]; error: string | undefined }> {
  return whileHeld(domain, stage, async (held, host) => {
    const { plan } = report(await collectFacts(held));
    await meanwhile();
    const { done, error } = await apply(plan, { held, host });
    return { done, error: error?.what };
  });
}

test('creates the path, and a second repair changes nothing', async () => {
  expect(await repair()).toMatchObject({ result: 'repaired', verdict: 'safe' });
  expect(await qemu.servant.ask('open', disk.path)).toBe(`block ${right.rdev},block ${right.rdev}`);
  const before = picture();
  expect(await repair()).toMatchObject({ result: 'nothing-to-do' });
  expect(picture()).toEqual(before);
});

test('with libvirt before 9.0, where the /dev of the host is below that of QEMU', async () => {
  await qemu.servant.end();
  stage.host.remove(disk.path);
  stage.host.link(disk.path, disk.link);
  qemu = await stage.startQemu({
    disks: [disk],
    prepare: async (tree) => {
      tree.mount('-t', 'tmpfs', '-o', 'mode=755,dev,nosuid', 'devfs', '/mnt/.dev');
      tree.mount('--move', '/mnt/.dev', '/dev');
      await giveToQemu(tree, disk);
    },
  });
  stage.host.remove(disk.path);
  stage.host.link(disk.path, byid);
  domain = domainOf(qemu, disk.path);
  expect(await repair()).toMatchObject({ result: 'repaired', verdict: 'safe' });
  expect(await qemu.servant.ask('open', disk.path)).toBe(`block ${right.rdev},block ${right.rdev}`);
});

describe('a stale node of a detached disk has the name that the path needs (OpenNebula#1703)', () => {
  beforeEach(async () => {
    stage.host.remove(byid);
    stage.host.link(byid, '../sp-new');
    await stage.host.node('/dev/sp-new', 'b', right.rdev, { uid: 9869 });
    await qemu.tree.node('/dev/sp-new', 'b', wrong.rdev, { uid: 9869 });
  });
  const stale = (): object | undefined => picture().find(({ name }) => name === 'sp-new');
  const leftovers = (): object[] => picture().filter(({ name }) => name.includes('.migrate-guard'));

  test('it is replaced, as libvirt would, and the step can be undone', async () => {
    const before = stale();
    const { done } = await whileHeld(domain, stage, async (held, host) => {
      const applied = await apply(report(await collectFacts(held)).plan, { held, host });
      expect(await qemu.servant.ask('open', disk.path)).toBe(`block ${right.rdev},block ${right.rdev}`);
      applied.undo();
      return applied;
    });
    expect(done.at(-1)).toMatchObject({ step: 'replace-node', device: right.rdev, was: wrong.rdev });
    expect(stale()).toEqual({ ...before, ctimeMs: expect.any(Number) as number });
    expect(leftovers()).toEqual([]);

    expect(await repair()).toMatchObject({ result: 'repaired', verdict: 'safe' });
    expect(await qemu.servant.ask('open', disk.path)).toBe(`block ${right.rdev},block ${right.rdev}`);
    expect(leftovers()).toEqual([]);
  });

  test('QEMU holds its device open: it is kept', async () => {
    await qemu.servant.tell('hold', '/dev/sp-new', 'rw');
    const before = picture();
    const refused = await repair();
    expect(refused).toMatchObject({ result: 'refused', verdict: 'blocked' });
    expect(refused.findings[0]?.remedy).toContain(
      `/dev/sp-new is block device ${wrong.rdev} in QEMU's mount namespace, which QEMU holds open, but block device ${right.rdev} on the host`,
    );
    expect(picture()).toEqual(before);
  });
});

test.each([
  ['absolute', '/mnt/trap'],
  ['relative', '../mnt/trap'],
])('a directory that is really an %s link elsewhere is not followed', async (_, target) => {
  qemu.tree.link('/dev/storpool-byid', target);
  const before = picture();
  const refused = await repair();
  expect(refused).toMatchObject({ result: 'refused', verdict: 'blocked' });
  expect(refused.findings[0]?.remedy).toContain(
    `not repairable: /dev/storpool-byid is a link to ${target} in QEMU's mount namespace, but a directory on the host`,
  );
  expect(picture()).toEqual(before);
  expect(readdirSync(stage.host.path('/mnt/trap'))).toEqual([]);
});

test('a directory that is a separate mount inside is not changed', async () => {
  qemu.tree.directory('/dev/storpool-byid');
  qemu.tree.mount('--bind', '/mnt/trap', '/dev/storpool-byid');
  const refused = await repair();
  expect(refused).toMatchObject({ result: 'refused', verdict: 'blocked' });
  expect(refused.findings[0]?.remedy).toContain('a mount of its own');
  expect(readdirSync(stage.host.path('/mnt/trap'))).toEqual([]);
});

test('a path outside /dev is not created', async () => {
  stage.host.directory('/mnt/late');
  stage.host.mount('-t', 'tmpfs', 'tmpfs', '/mnt/late');
  stage.host.link('/mnt/late/disk', disk.node);
  stage.host.remove(disk.path);
  stage.host.link(disk.path, '/mnt/late/disk');
  const refused = await repair();
  expect(refused).toMatchObject({ result: 'refused', verdict: 'blocked' });
  expect(refused.findings[0]?.remedy).toContain('only /dev is repaired');
});

test('a parent that is replaced by a link between plan and action is not written through', async () => {
  const { done, error } = await planThenAct(() => qemu.tree.link('/dev/storpool-byid', '/mnt/trap'));
  expect([done, error]).toEqual([[], expect.stringContaining('/dev/storpool-byid could not be made')]);
  expect(readdirSync(stage.host.path('/mnt/trap'))).toEqual([]);
});

test('the host’s device is exchanged between plan and action: nothing is created', async () => {
  stage.host.remove(byid);
  await stage.host.node('/dev/sp-new', 'b', right.rdev, { uid: 9869 });
  stage.host.link(byid, '../sp-new');
  qemu.tree.remove(disk.node);
  const { error } = await planThenAct(async () => {
    stage.host.remove('/dev/sp-new');
    await stage.host.node('/dev/sp-new', 'b', wrong.rdev, { uid: 9869 });
  });
  expect(error).toContain(`/dev/sp-new is now block device ${wrong.rdev} on the host`);
  expect(await qemu.servant.ask('stat', '/dev/sp-new')).toBe('ENOENT');
  // A whole repair refuses, too, because of what the host's path leads to now.
  expect(await repair()).toMatchObject({ result: 'refused', verdict: 'blocked' });
});

test('the node to copy is exchanged between plan and action: nothing is created', async () => {
  stage.host.remove(byid);
  await stage.host.node('/dev/sp-new', 'b', right.rdev, { uid: 9869 });
  stage.host.link(byid, '../sp-new');
  const { error } = await planThenAct(async () => {
    qemu.tree.remove(disk.node);
    await qemu.tree.node(disk.node, 'b', wrong.rdev, { uid: 9869 });
  });
  expect(error).toBe(`/dev/sp-new would not have become block device ${right.rdev}`);
  expect(await qemu.servant.ask('stat', '/dev/sp-new')).toBe('ENOENT');
  expect(picture().filter((entry) => JSON.stringify(entry).includes('.migrate-guard'))).toEqual([]);
});
