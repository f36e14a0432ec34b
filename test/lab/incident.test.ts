import { ifMade } from '../support/if-made';
import { type Domain, Lab, type LiveMigration, migrateToSink, until } from './harness';

// The incident on real VMs, step by step, on both QEMUs: it shows why the guard exists, and what it must handle.

let lab: Lab;

beforeAll(async () => {
  lab = await Lab.start();
});

afterAll(() => ifMade(lab, (made) => made.stop()));

const INACTIVATE_FAILED = 'bdrv_inactivate_all() failed';

/** Creates inside QEMU's namespace the links of the host. */
async function makeInside(domain: Domain, link: string): Promise<void> {
  const volume = domain.disks[0]?.volume;
  if (volume === undefined) throw new Error(`${domain.name} has no disk on a volume`);
  domain.host.link(`/proc/${domain.pid}/root${link}`, `../${volume.name}`);
  const enter = ['nsenter', '--target', String(domain.pid), '--mount', '--'] as const;
  await domain.host.succeed([...enter, 'test', '-b', link]);
}

async function expectFailed(domain: Domain, migration: LiveMigration): Promise<void> {
  expect(migration.exit).toBe(1);
  // virsh has two texts for it; only the log contains the cause.
  expect(migration.stderr).toMatch(
    /^error: (operation failed: job 'migration out' unexpectedly failed|.*Migration is not finalized yet)$/m,
  );
  await domain.untilLogged(INACTIVATE_FAILED, migration.logged);
  expect(await lab.whereRuns(domain)).toEqual({
    kvm1: { state: 'running', processes: 1 },
    kvm2: { state: 'absent', processes: 0 },
  });
  expect(domain.alive()).toBe(true);
  await expectWhole(domain);
}

async function expectArrived(domain: Domain, migration: LiveMigration): Promise<void> {
  expect([migration.exit, migration.stderr]).toEqual([0, '']);
  expect(migration.log).not.toContain(INACTIVATE_FAILED);
  expect(await lab.whereRuns(domain)).toEqual({
    kvm1: { state: 'absent', processes: 0 },
    kvm2: { state: 'running', processes: 1 },
  });
  const arrived = domain.on(lab.host('kvm2'));
  await expectWhole(arrived);
  await arrived.destroy();
}

async function expectWhole(domain: Domain): Promise<void> {
  await domain.expectCounting();
  expect(domain.refusals()).toBe(0);
  await domain.verifyPattern();
}

test('Debian’s QEMU resets itself: with the link created inside, the next migration succeeds', async () => {
  const domain = await lab.startDomain(310, { emulator: 'debian' });
  const link = lab.relink(domain, 0, 'fir.b.310');
  await expectFailed(domain, await lab.migrate(domain, 'kvm2'));
  await makeInside(domain, link);
  await expectArrived(domain, await lab.migrate(domain, 'kvm2'));
});

// The first migration bypasses libvirt, which sometimes resets the state by chance: if it has handled QEMU's STOP,
// but not yet its RESUME, when it cleans up, it sends `cont` itself (qemuMigrationSrcRestoreDomainState()).
describe('QEMU 7.2.0 stays stuck', () => {
  async function failOnce(domain: Domain, index = 0): Promise<string> {
    const link = lab.relink(domain, index, `fir.b.${domain.vmId}`);
    const { status } = await migrateToSink(domain);
    // The guest may have aborted QEMU before the query.
    expect(['failed', undefined]).toContain(status);
    await domain.untilLogged(INACTIVATE_FAILED);
    return link;
  }

  test('even with the link created inside, the next migration fails, until QMP cont', async () => {
    const domain = await lab.startDomain(320, { emulator: 'affected' });
    await makeInside(domain, await failOnce(domain));
    await expectFailed(domain, await lab.migrate(domain, 'kvm2'));
    await domain.qmp('cont');
    await expectArrived(domain, await lab.migrate(domain, 'kvm2'));
  });

  test('until suspend and resume', async () => {
    const domain = await lab.startDomain(321, { emulator: 'affected' });
    await makeInside(domain, await failOnce(domain));
    await domain.host.virsh('suspend', domain.name);
    await domain.host.virsh('resume', domain.name);
    await expectArrived(domain, await lab.migrate(domain, 'kvm2'));
  });

  test('with two disks, the first one is left inactive: the guest’s next write aborts QEMU', async () => {
    const domain = await lab.startDomain(322, { emulator: 'affected', disks: 2 });
    await failOnce(domain, 1);
    await until(() => !domain.alive(), { what: 'the guest writes and QEMU dies of it' });
    await until(
      async () => Object.values(await lab.whereRuns(domain)).every(({ state }) => state === 'absent'),
      {
        what: 'neither libvirtd knows the domain',
        evidence: () => lab.whereRuns(domain),
      },
    );
    await domain.untilLogged('bdrv_co_write_req_prepare: Assertion `!(bs->open_flags & BDRV_O_INACTIVE)');
    // QEMU is gone; all data that the guest wrote until then is on the disks.
    for (const { volume } of domain.disks) expect(await volume?.verifyPattern()).toBeGreaterThan(0);
  });
});

test.each([
  [330, 'debian'],
  [331, 'affected'],
] as const)(
  'one-%i (%s): with the link created before the first attempt, it succeeds',
  async (vmId, emulator) => {
    const domain = await lab.startDomain(vmId, { emulator });
    await makeInside(domain, lab.relink(domain));
    await expectArrived(domain, await lab.migrate(domain, 'kvm2'));
  },
);
