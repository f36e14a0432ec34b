import { ifMade } from '../../support/if-made';
import { type Domain, migrateToSink, relinkDisk, until } from '../../lab/harness';
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

// libvirt 11 opens a raw disk only once (host_device without auto-read-only), but not the file of a qcow2 disk.
test('a path that is missing inside prevents the migration of a qcow2 disk, until it is repaired, but not of a raw one', async () => {
  const raw = await stage.domain(312, 1);
  relinkDisk(raw);
  expect(await endsInSink(raw)).toBe('completed');
  await raw.destroy();

  const qcow2 = await stage.domain(313, 1, { format: 'qcow2' });
  relinkDisk(qcow2);
  expect(await stage.report('check', '313')).toMatchObject({ exit: 1, verdict: 'repairable' });
  expect(await endsInSink(qcow2)).toBe('failed');
  expect(qcow2.log()).toContain('migration_block_inactivate: bdrv_inactivate_all() failed: -1');
  expect(await stage.report('repair', '313')).toMatchObject({ exit: 0, verdict: 'safe' });
  expect(await endsInSink(qcow2)).toBe('completed');
  await qcow2.destroy();
});
