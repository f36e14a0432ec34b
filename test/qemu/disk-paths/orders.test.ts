import { writeFileSync } from 'node:fs';
import { type Domain, relinkDisk } from '../../lab/harness';
import { ifMade } from '../../support/if-made';
import { expectMigration } from '../block-state/reset-testbed';
import { Stage } from '../qemu-stage';
import { snapshotLive } from './live-snapshot';

// For each order: what the check says of a path that is missing inside, and what libvirt and QEMU then really do.

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.start();
});
afterAll(() => ifMade(stage, (made) => made.stop()));

/** The exit status and the verdict of a check for these orders. */
async function checkFor(domain: Domain, orders: string): Promise<string> {
  const { exit, verdict } = await stage.report('check', domain.name, '--for', orders);
  return `${exit ?? 'a signal'} ${verdict}`;
}

/** Whether libvirt carries out an order on the first disk. */
async function succeeds(domain: Domain, order: string, ...options: readonly string[]): Promise<boolean> {
  const argv = ['virsh', '--connect', 'qemu:///system', order, domain.name, 'vda', ...options] as const;
  return (await domain.host.run(argv)).exit === 0;
}

/** Copies the first disk into the datastore, and lets QEMU use the copy. */
async function moveDisk(domain: Domain, format: string): Promise<boolean> {
  const file = `/var/lib/one/datastores/0/${domain.vmId}/copy`;
  await domain.host.succeed(['qemu-img', 'create', '-q', '-f', format, file, '1M'], { as: 'oneadmin' });
  const copy = ['--dest', file, '--format', format, '--reuse-external', '--transient-job'];
  return succeeds(domain, 'blockcopy', ...copy, '--wait', '--pivot');
}

test('raw: a move of the disk and a snapshot fail as foretold, and succeed after a repair', async () => {
  const domain = await stage.domain(320, 1);
  relinkDisk(domain);
  expect(await checkFor(domain, 'snapshot')).toBe('1 repairable');
  await expect(snapshotLive(domain)).rejects.toThrow();
  expect(await checkFor(domain, 'storage-move')).toBe('1 repairable');
  expect(await moveDisk(domain, 'raw')).toBe(false);
  await succeeds(domain, 'blockjob', '--abort');
  expect(await checkFor(domain, 'commit')).toBe('0 safe');
  expect((await stage.guard('repair', domain.name)).exit).toBe(0);
  await snapshotLive(domain);
  await domain.destroy();
});

test('qcow2: the move of a disk succeeds without the path, and is not blocked', async () => {
  const domain = await stage.domain(321, 1, { format: 'qcow2' });
  relinkDisk(domain);
  expect(await checkFor(domain, 'migrate')).toBe('1 repairable');
  const report = await stage.report('check', domain.name, '--for', 'storage-move');
  expect(report).toMatchObject({ exit: 0, verdict: 'safe' });
  expect(report.plan).not.toEqual([]);
  // OpenNebula#7770: a definition that stays after a move.
  const definition = await domain.host.virsh('dumpxml', domain.name);
  writeFileSync(domain.host.path('/var/tmp/one-321.xml'), definition);
  await domain.host.virsh('define', '/var/tmp/one-321.xml');
  expect(await checkFor(domain, 'storage-move')).toBe('1 blocked');
  const { findings } = await stage.report('check', domain.name);
  const { remedy = '' } = findings.find(({ check }) => check === 'domain-persistent') ?? {};
  await domain.host.succeed(['sh', '-c', remedy.replace(/ \(.*/, '')]);
  await domain.expectCounting();
  expect(await checkFor(domain, 'storage-move')).toBe('0 safe');
  expect(await moveDisk(domain, 'qcow2')).toBe(true);
  await domain.destroy();
});

test('a backing file whose path is gone: only a commit into it fails, and a repair makes the path', async () => {
  const domain = await stage.domain(322, 1, { format: 'qcow2' });
  await snapshotLive(domain);
  relinkDisk(domain);
  expect(await checkFor(domain, 'migrate,save,storage-move,snapshot')).toBe('0 safe');
  expect(await checkFor(domain, 'commit')).toBe('1 repairable');
  const commit = ['--active', '--wait', '--pivot'];
  expect(await succeeds(domain, 'blockcommit', ...commit)).toBe(false);
  expect(await stage.report('repair', domain.name)).toMatchObject({ exit: 0, result: 'repaired' });
  expect(await checkFor(domain, 'commit')).toBe('0 safe');
  expect(await succeeds(domain, 'blockcommit', ...commit)).toBe(true);
  await expectMigration(domain);
  await domain.destroy();
});
