import { ifMade } from '../support/if-made';
import { ABSENT, type Domain, type Host, Lab, type Presence, until } from './harness';

// The faults that later tests rely on: they occur, they end, and a VM survives them.

let lab: Lab;
let kvm1: Host;

beforeAll(async () => {
  lab = await Lab.start();
  kvm1 = lab.host('kvm1');
});

afterAll(() => ifMade(lab, (made) => made.stop()));

const RUNS: Presence = { state: 'running', processes: 1 };

async function expectMigrates(domain: Domain): Promise<void> {
  expect(await lab.migrate(domain, 'kvm2')).toMatchObject({ exit: 0, stderr: '' });
  const arrived = domain.on(lab.host('kvm2'));
  await arrived.expectCounting();
  await arrived.verifyPattern();
  await arrived.destroy();
}

test('a host that is cut off does not reach the others, and does again after it is healed', async () => {
  await lab.cut('kvm2');
  const silent = await kvm1.run(['ssh', '-o', 'ConnectTimeout=1', 'kvm2', 'true'], { as: 'oneadmin' });
  expect([silent.exit, silent.stderr]).toEqual([255, expect.stringContaining('timed out')]);
  await lab.heal('kvm2');
  await kvm1.succeed(['ssh', '-o', 'ConnectTimeout=3', 'kvm2', 'true'], { as: 'oneadmin' });
});

test('a connection survives a cut', async () => {
  const session = kvm1.run(['ssh', 'kvm2', 'touch datastores/here; sleep 2; hostname'], { as: 'oneadmin' });
  await until(async () => (await kvm1.run(['test', '-e', '/var/lib/one/datastores/here'])).exit === 0, {
    what: 'the session is established',
  });
  await lab.cut('kvm2');
  await lab.heal('kvm2');
  expect(await session).toMatchObject({ exit: 0, stdout: 'kvm2\n' });
});

test('without its sshd a host refuses a migration, and the VM continues to run', async () => {
  const domain = await lab.startDomain(310);
  await lab.stopDaemon('kvm2', 'sshd');
  const { exit, stderr } = await lab.migrate(domain, 'kvm2');
  expect([exit, stderr]).toEqual([1, expect.stringContaining('Connection refused')]);
  expect(await lab.whereRuns(domain)).toEqual({ kvm1: RUNS, kvm2: ABSENT });
  await lab.startDaemon('kvm2', 'sshd');
  await expectMigrates(domain);
});

test('without its libvirtd a host refuses a migration, and the VM continues to run', async () => {
  const domain = await lab.startDomain(311);
  await lab.stopDaemon('kvm2', 'libvirtd');
  const { exit, stderr } = await lab.migrate(domain, 'kvm2');
  expect([exit, stderr]).toEqual([1, expect.stringContaining('virt-ssh-helper: cannot connect')]);
  expect(await lab.whereRuns(domain)).toEqual({ kvm1: RUNS, kvm2: { state: 'unknown', processes: 0 } });
  await lab.startDaemon('kvm2', 'libvirtd');
  await expectMigrates(domain);
});

test('a VM survives a restart of its libvirtd', async () => {
  const domain = await lab.startDomain(312);
  await lab.restartDaemon('kvm1', 'libvirtd');
  expect(domain.alive()).toBe(true);
  expect(await lab.whereRuns(domain)).toEqual({ kvm1: RUNS, kvm2: ABSENT });
  await domain.expectCounting();
  await expectMigrates(domain);
});
