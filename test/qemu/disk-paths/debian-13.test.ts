import { writeFileSync } from 'node:fs';
import { readLog } from '../../../src/block-state/model/log-signatures';
import { orders } from '../../../src/core/order';
import { ifMade } from '../../support/if-made';
import { type Domain, migrateToSink, placeDisk, relinkDisk, until, type Volume } from '../../lab/harness';
import { snapshotLive } from './live-snapshot';
import { diskOf, Stage } from '../qemu-stage';

// A host with Debian 13's own Node, libvirt and QEMU. Its kernel is this machine's.

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.start({ release: 'trixie' });
});

afterAll(() => ifMade(stage, (made) => made.stop()));

async function endsInSink(domain: Domain): Promise<string | undefined> {
  const { status } = await migrateToSink(domain);
  if (status === 'completed') await domain.qmp('cont');
  await domain.expectCounting();
  return status;
}

test('it is Debian 13 with its own libvirt, QEMU and Node, all of this host', async () => {
  const domain = await stage.domain(310, 1);
  const { stdout } = await stage.host.succeed([
    'virsh',
    '--connect',
    'qemu:///system',
    'version',
    '--daemon',
  ]);
  expect(stdout).toMatch(/^Running against daemon: 11\./m);
  expect(stdout).toMatch(/^Running hypervisor: QEMU 10\./m);
  expect(stage.host.read('/etc/debian_version')).toMatch(/^13\./);
  expect((await stage.host.succeed([stage.host.node, '--version'])).stdout).toMatch(/^v20\./);
  const { major, minor } = await domain
    .qmp<{ qemu: { major: number; minor: number } }>('query-version')
    .then(({ qemu }) => qemu);
  expect({ major, minor }).toEqual({ major: 10, minor: 0 });
  await domain.destroy();
});

test('its guest counts and writes, completes a migration, and the command finds it safe', async () => {
  const domain = await stage.domain(311, 2);
  expect(await stage.report('check', '311', '--deep')).toMatchObject({ exit: 0, verdict: 'safe' });
  expect(await endsInSink(domain)).toBe('completed');
  const { volume } = diskOf(domain, 0);
  const before = await volume.readCounter();
  await until(async () => (await volume.readCounter()) > before, { what: 'the guest writes again' });
  await domain.destroy();
});

/** A disk that this QEMU was not started with: libvirt and QEMU know it by its node alone. */
async function attachDisk(domain: Domain, volume: Volume): Promise<void> {
  const placed = await placeDisk(domain.host, domain.vmId, 1, { target: 'vdb', volume });
  const device = `<disk type='block' device='disk'><driver name='qemu' type='raw' cache='none' io='native'/>
    <source dev='${placed.path}'/><target dev='vdb' bus='virtio'/></disk>`;
  writeFileSync(domain.host.path('/var/tmp/vdb.xml'), device);
  await domain.host.virsh('attach-device', domain.name, '/var/tmp/vdb.xml');
  domain.host.link('/dev/storpool-byid/fir.b.later', `../${volume.name}`);
  domain.host.link(placed.path, '/dev/storpool-byid/fir.b.later');
}

// libvirt 11 gives a raw disk to QEMU as one node, which QEMU does not open again to hand it over.
test('a raw disk whose path is missing inside is safe for every order, and all of them succeed', async () => {
  const domain = await stage.domain(312, 1);
  await attachDisk(domain, await stage.volume([]));
  relinkDisk(domain);
  const report = await stage.report('check', '312', '--for', orders.join());
  expect(report).toMatchObject({ exit: 0, verdict: 'safe' });
  expect(report.findings.filter(({ note }) => note)).toMatchObject([
    { check: 'disk-path', disk: 'vda', affects: [] },
    { check: 'disk-path', disk: 'vdb', affects: [] },
  ]);
  expect(report.plan).not.toEqual([]);
  expect(await stage.report('check', '312', '--deep')).toMatchObject({ exit: 0, verdict: 'safe' });
  expect(await endsInSink(domain)).toBe('completed');

  const copy = '/var/lib/one/datastores/0/312/copy';
  await domain.host.succeed(['qemu-img', 'create', '-q', '-f', 'raw', copy, '1M'], { as: 'oneadmin' });
  const toCopy = ['--dest', copy, '--format', 'raw', '--reuse-external', '--transient-job'];
  await domain.host.virsh('blockcopy', domain.name, 'vda', ...toCopy, '--wait', '--pivot');
  await domain.host.virsh('save', domain.name, '/var/tmp/312.save');
});

test('after a snapshot and its commit a repair makes that path; but a wrong device there blocks', async () => {
  const domain = await stage.domain(314, 1);
  const link = relinkDisk(domain);
  await snapshotLive(domain);
  expect(await stage.report('check', '314', '--for', 'migrate,commit')).toMatchObject({ verdict: 'safe' });
  await domain.host.virsh('blockcommit', domain.name, 'vda', '--active', '--wait', '--pivot');
  expect(await endsInSink(domain)).toBe('completed');

  const wrong = await stage.volume([]);
  await domain.host.addVolume(wrong);
  domain.host.link(link, `../${wrong.name}`);
  expect(await stage.report('check', '314')).toMatchObject({ exit: 1, verdict: 'blocked' });
  expect(await stage.report('repair', '314')).toMatchObject({ exit: 1, result: 'refused' });
  domain.host.link(link, `../${diskOf(domain, 0).volume.name}`);
  expect(await stage.report('repair', '314')).toMatchObject({ exit: 0, result: 'repaired', verdict: 'safe' });
  expect(await stage.report('check', '314')).toMatchObject({ exit: 0, verdict: 'safe', plan: [] });
  await domain.destroy();
});

test('a path that is missing inside prevents the migration of a qcow2 disk, until it is repaired', async () => {
  const qcow2 = await stage.domain(313, 1, { format: 'qcow2' });
  relinkDisk(qcow2);
  expect(await stage.report('check', '313')).toMatchObject({ exit: 1, verdict: 'repairable' });
  expect(await endsInSink(qcow2)).toBe('failed');
  expect(qcow2.log()).toContain('migration_block_inactivate: bdrv_inactivate_all() failed: -1');
  // The sink got no end of the stream: that text alone proves that no copy owns the disk.
  expect(readLog(qcow2.log()).lastMigration).toBe('kept');
  // It heals itself: no node is INACTIVE, and the words of the failure are only evidence.
  const inspected = await stage.report('inspect', '313');
  expect(inspected).toMatchObject({ exit: 0, blockState: 'healthy', affected: 'no' });
  expect(JSON.stringify(inspected.findings)).toContain(
    'migration failed (Error in migration completion: Bad address), 0 nodes inactive',
  );
  expect(await stage.report('repair', '313')).toMatchObject({ exit: 0, verdict: 'safe' });
  expect(await endsInSink(qcow2)).toBe('completed');
  await qcow2.destroy();
});
