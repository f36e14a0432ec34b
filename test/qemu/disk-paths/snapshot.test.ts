import {
  type Domain,
  type Emulator,
  type DebianRelease,
  migrateToSink,
  relinkDisk,
  until,
} from '../../lab/harness';
import { ifMade } from '../../support/if-made';
import { snapshotBehindLibvirt, snapshotLive } from './live-snapshot';
import { expectMigration } from '../block-state/reset-testbed';
import { diskOf, Stage } from '../qemu-stage';

// A live snapshot makes the backing file read-only, for which QEMU reopens it by its path; if that fails QEMU reports
// nothing, and holds it open for writing until it hands over its disks.

const qemus: readonly [string, Emulator, DebianRelease?][] = [
  ['QEMU 7.2.0', 'affected'],
  ['QEMU 7.2.22', 'debian'],
  ['QEMU 10, libvirt 11', 'debian', 'trixie'],
];

describe.each(qemus)('%s', (_, emulator, release) => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await Stage.start(release === undefined ? {} : { release });
  });
  afterAll(() => ifMade(stage, (made) => made.stop()));

  const start = (vmId: number): Promise<Domain> => stage.domain(vmId, 1, { format: 'qcow2', emulator });

  test('a snapshot while the path is missing is repairable, and migrates after the repair', async () => {
    const domain = await start(310);
    relinkDisk(domain);
    await snapshotLive(domain);
    for (const options of [[], ['--deep']]) {
      const { exit, verdict, findings } = await stage.report('check', domain.name, ...options);
      expect({ exit, verdict }).toEqual({ exit: 1, verdict: 'repairable' });
      expect(findings).toContainEqual(
        expect.objectContaining({ check: 'disk-path', state: 'problem', path: diskOf(domain, 0).path }),
      );
    }
    expect(await stage.report('repair', domain.name)).toMatchObject({ exit: 0, verdict: 'safe' });
    await expectMigration(domain);
    await domain.destroy();
  });

  test('the same without a repair fails to migrate, and QEMU 7.2.0 dies of the next write', async () => {
    const domain = await start(311);
    relinkDisk(domain);
    await snapshotLive(domain);
    const { status } = await migrateToSink(domain);
    expect(status).not.toBe('completed');
    // The top file was made inactive before the backing file failed, and the guest writes.
    if (emulator === 'affected') await until(() => !domain.alive(), { what: 'QEMU dies' });
    else await domain.destroy();
  });

  test('a commit into the backing file, cancelled when the path is missing: repairable, and migrates after the repair', async () => {
    const domain = await start(313);
    await snapshotLive(domain);
    await domain.host.virsh('blockcommit', domain.name, 'vda', '--active');
    await until(async () => (await domain.qmp<{ ready: boolean }[]>('query-block-jobs'))[0]?.ready, {
      what: 'the commit has caught up with the guest',
    });
    const file = '/var/lib/one/datastores/0/313/saved';
    const { stderr } = await domain.host.run(['virsh', 'save', domain.name, file]);
    expect(stderr).toContain('domain has active block job');
    expect(await stage.guard('save', domain.name, file)).toMatchObject({
      exit: 5,
      stderr: expect.stringContaining('a block job of one-313 (active-commit on vda)') as string,
    });
    relinkDisk(domain);
    await domain.host.virsh('blockjob', domain.name, 'vda', '--abort');
    const { exit, verdict } = await stage.report('check', domain.name);
    expect({ exit, verdict }).toEqual({ exit: 1, verdict: 'repairable' });
    expect(await stage.report('repair', domain.name)).toMatchObject({ exit: 0, verdict: 'safe' });
    await expectMigration(domain);
    await domain.destroy();
  });

  test('a snapshot behind libvirt’s back: --deep finds that libvirt names the file below (OpenNebula#5920)', async () => {
    const domain = await start(314);
    const { path } = diskOf(domain, 0);
    expect((await stage.report('check', '314', '--deep')).verdict).toBe('safe');
    const top = await snapshotBehindLibvirt(domain);
    expect((await stage.report('check', '314')).verdict).toBe('safe');
    const { exit, verdict, findings } = await stage.report('check', '314', '--deep');
    expect([exit, verdict]).toEqual([1, 'blocked']);
    expect(findings.filter(({ state }) => state !== 'ok')).toMatchObject([
      {
        check: 'disk-top',
        disk: 'vda',
        what: `the guest uses ${top}, but libvirt names ${path}: the destination would be started with that file instead`,
      },
    ]);
    await domain.destroy();
  });

  test('a path that goes missing only after the snapshot is safe, with a note', async () => {
    const domain = await start(312);
    await snapshotLive(domain);
    relinkDisk(domain);
    for (const options of [[], ['--deep']]) {
      const { exit, verdict, findings } = await stage.report('check', domain.name, ...options);
      expect({ exit, verdict }).toEqual({ exit: 0, verdict: 'safe' });
      expect(findings).toContainEqual(
        expect.objectContaining({
          check: 'disk-path',
          note: true,
          affects: ['commit'],
          what: "/dev/storpool-byid is missing in QEMU's mount namespace; this makes only these orders fail: commit",
        }),
      );
    }
    await expectMigration(domain);
    await domain.destroy();
  });
});
