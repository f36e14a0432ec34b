import type { FleetDomain } from '../../../src/fleet/model/fleet';
import type { Domain } from '../harness';
import { HookStage } from '../plugin/hook-testbed';
import { put } from '../plugin/install-in-lab';

/** Real VMs that run on another host than the one in OpenNebula's record. */

const program = '/usr/lib/migrate-guard/migrate-guard';
const fleet = new HookStage();
const stage = fleet.opennebula;

beforeAll(() => fleet.start());
afterAll(() => stage.stop());

async function live(): Promise<readonly FleetDomain[]> {
  return (await fleet.command('audit', '--live')).reported.domains;
}

/** The parts of each row that the tests compare. */
function judged(domains: readonly FleetDomain[]): unknown[] {
  return domains.map(({ domain, host, verdict, mismatch }) => [domain, host, verdict, mismatch]);
}

test('a manual migration, which OpenNebula takes for a power-off: it is reported, and the remedy moves it back', async () => {
  const domain = await stage.lab.startDomain(450, { host: 'kvm1' });
  const vm = { id: 450, name: 'web' };
  expect((await stage.lab.migrate(domain, 'kvm2')).exit).toBe(0);
  const there = domain.on(stage.lab.host('kvm2'));
  // oned: the state probe of kvm1 misses it (InformationManager.cc, _vm_state), and ignores that of kvm2.
  fleet.records({ ...vm, host: 'kvm1', state: 8, lcmState: 0 });
  const { exit, reported } = await fleet.command('audit', '--live');
  expect([exit, judged(reported.domains)]).toEqual([1, [['one-450', 'kvm2', 'blocked', 'elsewhere']]]);
  const [finding] = reported.domains[0]?.findings ?? [];
  expect(finding?.what).toBe('runs on kvm2, OpenNebula has it POWEROFF on kvm1: do not resume');
  expect(finding?.remedy).toMatch(/^on kvm2: migrate-guard migrate one-450 kvm1, /);

  await stage.lab.host('kvm2').succeed([program, 'migrate', 'one-450', 'kvm1'], { deadline: 120_000 });
  // oned: "VM found again by the drivers" (LifeCycleStates.cc, trigger_monitor_poweron).
  fleet.records({ ...vm, host: 'kvm1', seq: 1 });
  expect(judged(await live())).toEqual([['one-450', 'kvm1', 'safe', undefined]]);
  await stage.expectEndOn('kvm1', there);
});

test('two QEMUs of one VM, both running', async () => {
  const domain = await stage.lab.startDomain(451, { host: 'kvm1' });
  fleet.records({ id: 451, name: 'web', host: 'kvm1' });
  expect(judged(await live())).toEqual([['one-451', 'kvm1', 'safe', undefined]]);
  const second = await startSecondCopy(domain);
  expect(judged(await live())).toEqual([
    ['one-451', 'kvm1', 'blocked', 'two-copies'],
    ['one-451', 'kvm2', 'blocked', 'two-copies'],
  ]);
  const text = (await stage.front.run([program, 'audit', '--live'], { deadline: 60_000 })).stdout;
  expect(text.split('\n')[1]).toBe(
    'one-451 web: two copies of it run, on kvm1, kvm2, and write to the same disks; OpenNebula has it RUNNING on kvm1',
  );
  await second.destroy();
  await domain.destroy();
});

/** Starts a second copy, as `onevm resume` on another host would. */
async function startSecondCopy(domain: Domain): Promise<Domain> {
  const kvm2 = stage.lab.host('kvm2');
  const { stdout } = await domain.host.succeed(['virsh', 'dumpxml', '--migratable', domain.name]);
  put(kvm2, '/var/tmp/second.xml', stdout, 0o644);
  await kvm2.succeed(['virsh', 'create', '/var/tmp/second.xml']);
  return domain.on(kvm2);
}
