import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DomainReport } from '../../src/core/finding';
import type { QemuCopy } from '../../src/hypervisor/model/qemu-copy';
import type { CloudVm } from '../support/fake-fleet/fake-cloud';
import { useAuditStage, vm } from './audit-testbed';

/** VMs that run on another host than the one in OpenNebula's record. */

const stage = useAuditStage();
const hosts = ['kvm1', 'kvm2', 'kvm3'].map((name) => ({ name }));
const poweroff = { state: 8, lcmState: 0 };

function report(id: number, changes: Partial<DomainReport> = {}): DomainReport {
  const base = { domain: `one-${id}`, pid: 1000 + id, verdict: 'safe', blockState: 'healthy' } as const;
  return { ...base, findings: [], plan: [], ...changes };
}

function qemu(id: number, changes: Partial<QemuCopy> = {}): QemuCopy {
  return { state: 'running', paths: [`/var/lib/one//datastores/0/${id}/disk.0`], ...changes };
}

/** The VMs that each host runs, in the order of the hosts. */
function run(...ids: readonly (readonly number[])[]): void {
  const told = hosts.map(({ name }, index) => {
    const here = ids[index] ?? [];
    const qemus = Object.fromEntries(here.map((id) => [`one-${id}`, qemu(id)]));
    return [name, { domains: here.map((id) => report(id)), qemus }] as const;
  });
  stage.hosts.tell(Object.fromEntries(told));
}

function holds(...vms: readonly CloudVm[]): void {
  stage.opennebula.holds({ hosts, vms });
}

/** `[domain, host, verdict, mismatch]` of all listed VMs, and the exit status. */
async function live(...words: readonly string[]): Promise<unknown[]> {
  const { exit, reported } = await stage.document('--live', ...words);
  return [exit, ...reported.domains.map((one) => [one.domain, one.host, one.verdict, one.mismatch])];
}

test('it runs on kvm2, and OpenNebula has it POWEROFF on kvm1: this comes first everywhere', async () => {
  holds(vm(1, poweroff), vm(2), vm(3));
  const halfInactive = report(3, { verdict: 'blocked', blockState: 'half-inactive' });
  stage.hosts.tell({
    kvm1: { domains: [report(2), halfInactive], qemus: { 'one-2': qemu(2), 'one-3': qemu(3) } },
    kvm2: { domains: [report(1)], qemus: { 'one-1': qemu(1) } },
    kvm3: { domains: [] },
  });
  const directory = join(stage.directory, 'two-worlds');
  mkdirSync(directory);
  chmodSync(directory, 0o777);
  const [html, prom] = [join(directory, 'page.html'), join(directory, 'guard.prom')];
  const { exit, stdout } = await stage.audit('--live', '--html', html, '--prometheus', prom);
  const what = 'runs on kvm2, OpenNebula has it POWEROFF on kvm1: do not resume';
  const lines = stdout.split('\n');
  expect([exit, lines[1]]).toEqual([1, `one-1 vm1: ${what}`]);
  expect(lines[2]).toMatch(/^ {2}-> on kvm2: migrate-guard migrate one-1 kvm1, /);
  expect(lines[lines.findIndex((line) => line.startsWith('VERDICT')) + 1]).toMatch(
    /^blocked +healthy +kvm2 .* one-1 vm1 /,
  );
  expect(stdout).toContain('next:\n  onevm show 1\n');
  const page = readFileSync(html, 'utf8');
  expect(page.indexOf('1 VM not as recorded in OpenNebula')).toBeGreaterThan(0);
  expect(page.indexOf('1 VM not as recorded in OpenNebula')).toBeLessThan(
    page.indexOf('can die at any moment'),
  );
  expect(page).toContain(what);
  expect(readFileSync(prom, 'utf8')).toContain(
    'migrate_guard_vm_mismatch{domain="one-1",name="vm1",host="kvm2",kind="elsewhere"} 1\n',
  );
  const { reported } = await stage.document('--live');
  expect(reported.domains[0]).toMatchObject({
    domain: 'one-1',
    verdict: 'blocked',
    reason: what,
    mismatch: 'elsewhere',
    findings: [{ check: 'opennebula-record', state: 'problem', what }],
    qemu: { state: 'running' },
  });
});

test('two copies run', async () => {
  holds(vm(1), vm(2));
  run([1, 2], [1]);
  expect(await live()).toEqual([
    1,
    ['one-1', 'kvm1', 'blocked', 'two-copies'],
    ['one-1', 'kvm2', 'blocked', 'two-copies'],
    ['one-2', 'kvm1', 'safe', undefined],
  ]);
  expect((await stage.audit('--live')).stdout).toContain(
    'one-1 vm1: two copies of it run, on kvm1, kvm2, and write to the same disks; OpenNebula has it RUNNING on kvm1\n',
  );
});

test('a VM that moved from kvm1 to kvm2 during the audit is not a second copy', async () => {
  holds(vm(1));
  const qemus = { 'one-1': qemu(1) };
  stage.hosts.tell({
    kvm1: { domains: [report(1)], qemus, later: [] },
    kvm2: { domains: [report(1)], qemus },
    kvm3: { domains: [] },
  });
  // OpenNebula moves the VM, so its record moves with it.
  stage.opennebula.changesTo({ hosts, vms: [vm(1, { host: 'kvm2', seq: 1 })] });
  expect((await live()).slice(1)).not.toContainEqual(expect.arrayContaining(['two-copies']));
});

test.each<[string, CloudVm]>([
  ['is being moved', vm(1, { host: 'kvm1', lcmState: 4, seq: 1 })],
  ['was moved', vm(1, { host: 'kvm2', seq: 1 })],
  ['was started', vm(1, { host: 'kvm2', lcmState: 3, seq: 2 })],
])('a VM that OpenNebula reports the second time %s is not listed', async (_, second) => {
  holds(vm(1, poweroff), vm(2));
  run([2], [1]);
  stage.opennebula.changesTo({ hosts, vms: [second, vm(2)] });
  expect(await live()).toEqual([
    0,
    ['one-2', 'kvm1', 'safe', undefined],
    ['one-1', 'kvm2', 'safe', undefined],
  ]);
});

test('OpenNebula does not answer again: the VM is reported as uncertain', async () => {
  holds(vm(1, poweroff));
  run([], [1]);
  stage.opennebula.breaksOff();
  const { exit, reported } = await stage.document('--live');
  expect([exit, reported.domains[0]?.verdict, reported.domains[0]?.mismatch]).toEqual([
    2,
    'undecided',
    'elsewhere',
  ]);
  expect(reported.domains[0]?.reason).toMatch(
    /^runs on kvm2, .*; so it was before the hosts were asked, and/,
  );
});

test('RUNNING without a QEMU; a VM that was powered off meanwhile is not listed', async () => {
  holds(vm(1), vm(2));
  run([]);
  stage.opennebula.changesTo({ hosts, vms: [vm(1), vm(2, poweroff)] });
  expect(await live()).toEqual([2, ['one-1', 'kvm1', 'undecided', 'no-qemu']]);
});

test('a host that does not answer reports nothing about its VMs', async () => {
  holds(vm(1), vm(2, { host: 'kvm2' }));
  stage.hosts.tell({
    kvm1: { domains: [], ends: { undefined: { exit: 2, result: 'undecided', what: 'broken' } } },
    kvm2: { domains: [report(2)], qemus: { 'one-2': qemu(2) } },
    kvm3: { domains: [] },
  });
  expect(await live()).toEqual([
    2,
    ['one-1', 'kvm1', 'undecided', undefined],
    ['one-2', 'kvm2', 'safe', undefined],
  ]);
});

test('another datastore; a VM that is not listed; an agent that does not report QEMU', async () => {
  holds(vm(1, { datastore: 105 }), vm(2, poweroff));
  stage.hosts.tell({
    kvm1: { domains: [report(1)], qemus: { 'one-1': qemu(1) } },
    kvm2: { domains: [report(2), report(9)] },
    kvm3: { domains: [] },
  });
  expect(await live()).toEqual([
    1,
    ['one-2', 'kvm2', 'blocked', 'elsewhere'],
    ['one-1', 'kvm1', 'blocked', 'other-datastore'],
    ['one-9', 'kvm2', 'undecided', 'not-listed'],
  ]);
});

describe('without --live, from the zombies that OpenNebula counts', () => {
  const withZombie = (state: number): readonly { name: string }[] => [
    { name: 'kvm1' },
    { name: 'kvm2', ...{ state, zombies: [-1, 1] } },
  ];

  test('it is on kvm2, and its record says POWEROFF on kvm1', async () => {
    stage.opennebula.holds({ hosts: withZombie(2), vms: [vm(1, poweroff), vm(2)] });
    const { exit, reported } = await stage.document();
    expect(exit).toBe(1);
    expect(reported.domains.map(({ domain, host, verdict }) => [domain, host, verdict])).toEqual([
      ['one-1', 'kvm2', 'blocked'],
      ['one-2', 'kvm1', 'safe'],
    ]);
    expect(reported.domains[0]).toMatchObject({
      mismatch: 'elsewhere',
      reason: "OpenNebula's monitoring finds it on kvm2, its record has it POWEROFF on kvm1: do not resume",
    });
  });

  test('an old report of a host in ERROR, and a VM that has arrived since, are not listed', async () => {
    stage.opennebula.holds({ hosts: withZombie(3), vms: [vm(1, poweroff)] });
    expect((await stage.document()).reported.domains).toEqual([]);
    stage.opennebula.holds({ hosts: withZombie(2), vms: [vm(1)] });
    stage.opennebula.changesTo({ hosts: withZombie(2), vms: [vm(1, { host: 'kvm2', seq: 1 })] });
    expect((await stage.document()).reported.domains).toMatchObject([{ host: 'kvm1', verdict: 'safe' }]);
  });
});
