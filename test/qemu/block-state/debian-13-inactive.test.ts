import { ifMade } from '../../support/if-made';
import { Domain } from '../../lab/harness';
import { expectHealthy, expectWrites, inspect, quietDomain, reset } from './reset-testbed';
import { Stage } from '../qemu-stage';

// QEMU 10 reports which nodes are active, and could activate them without resuming the guest. No log shows either.

let stage: Stage;
const file = '/var/lib/one/datastores/waiting.save';

beforeAll(async () => {
  stage = await Stage.start({ release: 'trixie' });
});
afterAll(() => ifMade(stage, (made) => made.stop()));

async function inactiveNodes(domain: Domain): Promise<string[]> {
  const all = { flat: true };
  const nodes = await domain.qmp<{ 'node-name': string; active: boolean }[]>('query-named-block-nodes', all);
  return nodes.filter(({ active }) => !active).map((node) => node['node-name']);
}

const nodes = ['libvirt-1-storage', 'libvirt-2-storage'];

test('nodes that QMP made inactive while the guest runs: half-inactive, and reset', async () => {
  const domain = await quietDomain(stage, 760, 2, { emulator: 'debian' });
  await domain.qmp('blockdev-set-active', { active: false });
  expect(await inspect(stage, domain)).toMatchObject({ exit: 1, blockState: 'half-inactive' });
  expect(await reset(stage, domain.name)).toMatchObject({ exit: 0, result: 'healed' });
  await expectHealthy(stage, domain);
  await domain.destroy();
});

/** No command activates the disks or saves the guest; after its resume it is healthy. */
async function expectLeftAlone(domain: Domain): Promise<void> {
  expect(await inactiveNodes(domain)).toEqual(nodes);
  const inspected = await inspect(stage, domain);
  expect(inspected).toMatchObject({ exit: 1, verdict: 'blocked', blockState: 'not-resumed' });
  const remedy = expect.stringContaining(`virsh resume ${domain.name}`) as unknown;
  expect(inspected.findings).toMatchObject([{ state: 'problem', remedy }]);
  for (const words of [[], ['--strategy', 'cont'], ['--dry-run']]) {
    const refused = { exit: 1, result: 'refused', blockState: 'not-resumed', actions: [], remedy };
    expect(await reset(stage, domain.name, ...words)).toMatchObject(refused);
  }
  const saved = await stage.guard('save', domain.name, file, '--json');
  expect([saved.exit, JSON.parse(saved.stdout)]).toMatchObject([1, { result: 'refused', attempts: [] }]);
  expect([await inactiveNodes(domain), await domain.state()]).toEqual([nodes, 'paused']);
  await domain.host.virsh('resume', domain.name);
  expect(await inactiveNodes(domain)).toEqual([]);
  await expectHealthy(stage, domain);
}

test('nodes that are inactive while the guest is paused stay so until its resume', async () => {
  const domain = await quietDomain(stage, 761, 2, { emulator: 'debian' });
  await stage.host.virsh('suspend', domain.name);
  await domain.qmp('blockdev-set-active', { active: false });
  await expectLeftAlone(domain);
  await domain.destroy();
});

test('the same for a guest that was restored paused', async () => {
  const domain = await quietDomain(stage, 762, 2, { emulator: 'debian' });
  await stage.host.virsh('save', domain.name, file);
  await stage.host.virsh('restore', '--paused', file);
  stage.host.remove(file);
  const restored = new Domain(stage.host, domain.name, domain.uuid, domain.vmId, domain.disks);
  await expectLeftAlone(restored);
  expect((await stage.guard('save', domain.name, file)).exit).toBe(0);
  await stage.host.virsh('restore', file);
  const again = new Domain(stage.host, domain.name, domain.uuid, domain.vmId, domain.disks);
  await again.expectCounting();
  await expectWrites(again);
  await again.destroy();
});
