import { lstatSync } from 'node:fs';
import { type Domain, migrateToSink, relinkDisk } from '../../lab/harness';
import type { RepairReport } from '../../../src/disk-paths/repair';
import { ifMade } from '../../support/if-made';
import { diskOf, Stage } from '../qemu-stage';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.start();
});

afterAll(() => ifMade(stage, (made) => made.stop()));

function inside(domain: Domain, path: string): string {
  return domain.host.path(`/proc/${domain.pid}/root${path}`);
}

/** The attributes that a second repair must not change. */
function picture(domain: Domain, path: string): unknown {
  const { ino, ctimeMs, mtimeMs, uid, gid, mode } = lstatSync(inside(domain, path));
  return { ino, ctimeMs, mtimeMs, uid, gid, mode };
}

test('repairs what is missing, and the failed migration then succeeds', async () => {
  const domain = await stage.domain(320, 2);
  const link = relinkDisk(domain, 1);
  expect((await migrateToSink(domain)).status).toBe('failed');

  const dry = await stage.report<RepairReport>('repair', '320', '--dry-run');
  expect([dry.exit, dry.result, dry.verdict]).toEqual([0, 'would-repair', 'repairable']);
  expect(lstatSync(inside(domain, '/dev/storpool-byid'), { throwIfNoEntry: false })).toBeUndefined();

  const done = await stage.report<RepairReport>('repair', '320');
  expect([done.exit, done.result, done.verdict]).toEqual([0, 'repaired', 'safe']);
  expect(done.plan.map(({ step, path }) => [step, path])).toEqual([
    ['make-directory', '/dev/storpool-byid'],
    ['make-symlink', link],
  ]);
  expect(done.findings).toContainEqual(
    expect.objectContaining({
      check: 'disk-open',
      disk: 'vdb',
      state: 'ok',
      // After the failed migration only a reset shows that QEMU has its disks.
      what: expect.stringContaining('QEMU itself was not asked: the block state is ') as string,
    }),
  );

  const before = [picture(domain, '/dev/storpool-byid'), picture(domain, link)];
  const again = await stage.report<RepairReport>('repair', '320');
  expect([again.exit, again.result]).toEqual([0, 'nothing-to-do']);
  expect([picture(domain, '/dev/storpool-byid'), picture(domain, link)]).toEqual(before);

  expect((await migrateToSink(domain)).status).toBe('completed');
  await domain.qmp('cont');
  await domain.expectCounting();
  await domain.destroy();
});

test('creates a device node as another name of the one that QEMU was given, and its user can open it', async () => {
  const domain = await stage.domain(321, 1);
  const { volume, path, node = '' } = diskOf(domain, 0);
  const alias = await stage.host.addVolume(volume, { as: '/dev/sp-new', owner: [0, 0] });
  stage.host.link('/dev/storpool-byid/321', '../sp-new');
  stage.host.link(path, '/dev/storpool-byid/321');
  const done = await stage.report<RepairReport>('repair', '321');
  expect([done.exit, done.result]).toEqual([0, 'repaired']);
  expect(done.plan).toContainEqual(
    expect.objectContaining({ step: 'make-node', path: alias, device: volume.rdev, like: node, uid: 9869 }),
  );
  expect(lstatSync(inside(domain, alias)).ino).toBe(lstatSync(inside(domain, node)).ino);
  expect((await migrateToSink(domain)).status).toBe('completed');
  await domain.destroy();
});

test('copies owner, mode and access list of the host if there is no node for the device inside', async () => {
  const domain = await stage.domain(322, 1);
  const { volume, path, node = '' } = diskOf(domain, 0);
  await stage.host.succeed(['rm', `/proc/${domain.pid}/root${node}`]);
  const alias = await stage.host.addVolume(volume, { as: '/dev/sp-acl', owner: [0, 0] });
  await stage.host.succeed(['setfacl', '-m', 'user:9869:rw', alias]);
  stage.host.link(path, alias);
  const done = await stage.report<RepairReport>('repair', '322');
  expect([done.exit, done.result]).toEqual([0, 'repaired']);
  const { stdout } = await stage.host.succeed(['getfacl', '-cnp', `/proc/${domain.pid}/root${alias}`]);
  expect(stdout).toContain('user:9869:rw-');
  expect((await migrateToSink(domain)).status).toBe('completed');
  await domain.destroy();
});

test('a node that QEMU’s user could not open is not a repair: it is removed', async () => {
  const domain = await stage.domain(323, 1);
  const { volume, path, node = '' } = diskOf(domain, 0);
  await stage.host.succeed(['rm', `/proc/${domain.pid}/root${node}`]);
  const alias = await stage.host.addVolume(volume, { as: '/dev/sp-root-only', owner: [0, 0] });
  stage.host.link(path, alias);
  const done = await stage.report<RepairReport>('repair', '323');
  expect([done.exit, done.result]).toEqual([3, 'failed']);
  expect(done.findings.at(-1)?.what).toBe(
    `the repair was undone, because afterwards: QEMU (uid 9869, gid 9869) may not open ${alias} in its mount namespace: mode 0660, owner 0:0`,
  );
  expect(lstatSync(inside(domain, alias), { throwIfNoEntry: false })).toBeUndefined();
  await domain.destroy();
});

test('refuses a wrong device and changes nothing', async () => {
  const domain = await stage.domain(324, 1);
  const node = await stage.host.addVolume(await stage.volume());
  stage.host.link('/dev/storpool-byid/324', node);
  stage.host.link(diskOf(domain, 0).path, '/dev/storpool-byid/324');
  const done = await stage.report<RepairReport>('repair', '324');
  expect([done.exit, done.result, done.verdict]).toEqual([1, 'refused', 'blocked']);
  expect(lstatSync(inside(domain, '/dev/storpool-byid'), { throwIfNoEntry: false })).toBeUndefined();
  await domain.destroy();
});

describe('a /dev that is full', () => {
  test.each([
    ['full', 325, 'nr_inodes=USED', 'the file system is full (libvirt gives /dev 64 KiB)'],
    ['read-only', 326, 'ro', 'the file system is mounted read-only'],
  ] as const)(
    '%s: a clear error, nothing half finished, and the next run completes',
    async (_, vmId, option, why) => {
      const domain = await stage.domain(vmId, 1);
      relinkDisk(domain);
      const enter = ['nsenter', `--mount=/proc/${domain.pid}/ns/mnt`, '--', 'mount', '-o'] as const;
      // A small directory or link needs no block of a tmpfs, but always an inode.
      const used = await stage.host.succeed(['stat', '-f', '-c', '%c %d', `/proc/${domain.pid}/root/dev`]);
      const [total = 0, free = 0] = used.stdout.trim().split(' ').map(Number);
      await stage.host.succeed([...enter, `remount,${option.replace('USED', String(total - free))}`, '/dev']);
      const failed = await stage.report<RepairReport>('repair', String(vmId));
      expect([failed.exit, failed.result]).toEqual([3, 'failed']);
      expect(failed.findings.at(-1)?.what).toBe(
        `one-${vmId}: /dev/storpool-byid could not be made in QEMU's mount namespace: ${why}`,
      );
      expect(lstatSync(inside(domain, '/dev/storpool-byid'), { throwIfNoEntry: false })).toBeUndefined();
      await stage.host.succeed([...enter, 'remount,rw,nr_inodes=10000', '/dev']);
      expect((await stage.report<RepairReport>('repair', String(vmId))).result).toBe('repaired');
      await domain.destroy();
    },
  );
});

test('killed with -9 before any system call that changes something: the guest runs, the next run completes', async () => {
  const domain = await stage.domain(327, 1);
  relinkDisk(domain);
  const calls = ['mkdir', 'symlink', 'link', 'rename', 'unlink', 'rmdir', 'chown', 'lchown', 'chmod'];
  const killed: string[] = [];
  for (const call of calls) {
    for (let nth = 1; ; nth += 1) {
      const inject = ['strace', '-qq', '-o', '/dev/null', '-f', '-e', `trace=${call}`, '-e'] as const;
      const { exit } = await stage.host.run([
        ...inject,
        `inject=${call}:error=EINTR:signal=SIGKILL:when=${nth}`,
        process.execPath,
        stage.program,
        'repair',
        '327',
      ]);
      if (exit === 0) break;
      killed.push(`${call} ${nth}`);
      await domain.expectCounting();
      const next = await stage.report<RepairReport>('repair', '327');
      expect([killed.at(-1), next.exit, next.verdict]).toEqual([killed.at(-1), 0, 'safe']);
      const leftovers = await stage.host.succeed([
        'find',
        `/proc/${domain.pid}/root/dev`,
        '-name',
        '.migrate-guard*',
      ]);
      expect(leftovers.stdout).toBe('');
      await stage.host.succeed(['rm', '-r', `/proc/${domain.pid}/root/dev/storpool-byid`]);
    }
    await stage.host.run(['rm', '-rf', `/proc/${domain.pid}/root/dev/storpool-byid`]);
  }
  expect(killed).toEqual(expect.arrayContaining(['mkdir 1', 'symlink 1', 'rename 1', 'link 1', 'unlink 1']));
  await domain.destroy();
});
