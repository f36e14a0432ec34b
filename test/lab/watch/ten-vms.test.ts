import { ifMade } from '../../support/if-made';
import { ABSENT, type Domain, HostWatcher, Lab, type LiveMigration } from '../harness';

// A host with ten VMs is evacuated after a storage update, by plain virsh: what its watcher changes.

const vmIds = Array.from({ length: 10 }, (_, index) => 310 + index);
let lab: Lab;
let domains: readonly Domain[];

beforeAll(async () => {
  lab = await Lab.start();
  // Each write costs an emulated guest some milliseconds of a processor: only two of them write, the others count.
  domains = await Promise.all(
    vmIds.map((vmId, index) => lab.startDomain(vmId, { memoryMiB: 32, writesTo: index < 2 ? [0] : [] })),
  );
});

afterAll(() => ifMade(lab, (made) => made.stop()));

/** The disks' links in the shared datastore lead through other links, which each host gets; nobody is informed. */
function rePoint(directory: string, target: (domain: Domain) => string): void {
  for (const domain of domains) {
    const link = `${directory}/${domain.name}`;
    for (const host of lab.hosts) host.link(link, target(domain));
    for (const { path } of domain.disks) domain.host.link(path, link);
  }
}

function evacuate(): Promise<LiveMigration[]> {
  return Promise.all(domains.map((domain) => lab.migrate(domain, 'kvm2')));
}

test('after a storage update none of ten VMs moves; with a watcher on each host all ten do', async () => {
  rePoint('/dev/storpool-byid', ({ disks }) => `../${disks[0]?.volume?.name ?? ''}`);
  for (const [index, { exit, logged }] of (await evacuate()).entries()) {
    const domain = domains[index] as Domain;
    expect(exit).toBe(1);
    await domain.untilLogged('bdrv_inactivate_all() failed', logged);
    expect(await lab.whereRuns(domain)).toEqual({ kvm1: { state: 'running', processes: 1 }, kvm2: ABSENT });
    await domain.expectCounting();
  }

  const [here, there] = await Promise.all(lab.hosts.map((host) => HostWatcher.start(host)));
  if (!here || !there) throw new Error('the lab has too few hosts');
  for (const { name } of domains) await here.says(`${name}: repaired: make directory /dev/storpool-byid`);
  rePoint('/dev/volumes', ({ name }) => `../storpool-byid/${name}`);
  for (const { name } of domains) await here.says(`${name}: repaired: make directory /dev/volumes`);

  for (const { exit, stderr } of await evacuate()) expect([exit, stderr]).toEqual([0, '']);
  for (const domain of domains) {
    expect(await lab.whereRuns(domain)).toEqual({ kvm1: ABSENT, kvm2: { state: 'running', processes: 1 } });
    const arrived = domain.on(lab.host('kvm2'));
    await arrived.expectCounting();
    expect(arrived.refusals()).toBe(0);
    if (domains.indexOf(domain) < 2) await arrived.verifyPattern();
  }
  await there.sees('that all have arrived', ({ domains: all }) => {
    return Object.values(all).filter(({ verdict }) => verdict === 'safe').length === vmIds.length;
  });
  await here.sees('that all are gone', ({ domains: all }) => Object.keys(all).length === 0);
  expect([await here.end(), await there.end()]).toEqual([0, 0]);
  expect(there.output).toBe('');
  // After the failed migrations it cannot see whether this QEMU took its disks back.
  const lines = here.output
    .trim()
    .split('\n')
    .map((line) => line.replace(/^one-\d+: /, ''));
  expect(lines.filter((line) => line.startsWith('repaired: '))).toHaveLength(2 * vmIds.length);
  expect(lines.filter((line) => !/^(repaired: |disks given back to QEMU by cont)/.test(line))).toEqual([]);
});
