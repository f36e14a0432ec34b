import { appendFileSync, writeFileSync } from 'node:fs';
import { type Domain, mendPaths } from '../harness';
import { useGuardStage } from '../move/guard-stage';

/**
 * Two QEMUs must never own one disk: before QEMU takes its disks back, no other host may have a copy of the domain.
 */

const stage = useGuardStage();

/** A live migration fails because a path is missing, and leaves an affected QEMU stuck. */
async function stuck(vmId: number): Promise<Domain> {
  const domain = await stage.lab.startDomain(vmId, { emulator: 'affected' });
  stage.lab.relink(domain);
  const { exit } = await stage.lab.migrate(domain, 'kvm2');
  expect(exit).not.toBe(0);
  return domain;
}

/** Leaves the domain waiting on the destination, as a migration may do that failed for the source. */
async function leaveCopy(domain: Domain): Promise<() => Promise<unknown>> {
  const there = stage.lab.host('kvm2');
  const own = await domain.host.virsh('dumpxml', '--migratable', domain.name);
  const xml = own.replace(/<disk[^]*<\/disk>/, '');
  const file = `/run/migrate-guard-lab/${domain.name}.xml`;
  writeFileSync(there.path(file), xml);
  await there.virsh('create', '--paused', file);
  return () => there.virsh('destroy', domain.name);
}

function writeLog(domain: Domain, line: string): void {
  appendFileSync(domain.host.path(`/var/log/libvirt/qemu/${domain.name}.log`), `${line}\n`);
}

test('a copy on the destination prevents every remedy that takes the disks back', async () => {
  const domain = await stuck(400);
  const endCopy = await leaveCopy(domain);
  stage.configure('migrate: { destination_deadline: 1 }');
  for (const strategy of ['cont', 'suspend-resume', 'auto']) {
    const refused = await stage.guarded(
      'reset',
      domain.name,
      '--destination',
      'kvm2',
      '--strategy',
      strategy,
    );
    expect([refused.exit, refused.report.result]).toEqual([1, 'refused']);
    expect(refused.report.what).toContain('kvm2 still has a copy of one-400');
  }
  await endCopy();
  stage.configure('{}');
  const healed = await stage.guarded('reset', domain.name, '--destination', 'kvm2');
  expect([healed.exit, healed.report.result]).toEqual([0, 'healed']);
  await stage.expectAliveOn('kvm1', domain);
  await domain.destroy();
});

test('QEMU’s log shows that the disks were never handed over; otherwise the destination must be named', async () => {
  const domain = await stuck(401);
  const planned = await stage.guarded('reset', domain.name, '--dry-run');
  expect([planned.exit, planned.report.result]).toEqual([0, 'planned']);
  writeLog(domain, '2026-01-01 00:00:00.000+0000: initiating migration');
  const unsure = await stage.guarded('reset', domain.name);
  expect([unsure.exit, unsure.report.result]).toEqual([2, 'undecided']);
  expect(unsure.report.what).toContain('migrate-guard reset one-401 --destination HOST');
  const silent = await stage.guarded('reset', domain.name, '--destination', 'nowhere.invalid');
  expect([silent.exit, silent.report.result]).toEqual([2, 'undecided']);
  expect(silent.report.what).toContain('whether nowhere.invalid has a copy of one-401 cannot be determined');
  const healed = await stage.guarded('reset', domain.name, '--destination', 'kvm2');
  expect([healed.exit, healed.report.result]).toEqual([0, 'healed']);
  await stage.expectAliveOn('kvm1', domain);
  await domain.destroy();
});

test('the next destination proves nothing about an earlier one: a move resets a VM only if there is certainly no copy', async () => {
  const domain = await stuck(403);
  writeLog(domain, '2026-01-01 00:00:00.000+0000: initiating migration');
  mendPaths(domain);
  const refused = await stage.guarded('migrate', domain.name, 'kvm2');
  expect([refused.exit, refused.report.result, refused.report.attempts]).toEqual([2, 'undecided', []]);
  expect(refused.report.what).toContain('the last migration may have left a copy of one-403');
  expect(refused.report.what).toContain('migrate-guard reset one-403 --destination HOST');
  const healed = await stage.guarded('reset', domain.name, '--destination', 'kvm2');
  expect([healed.exit, healed.report.result]).toEqual([0, 'healed']);
  const moved = await stage.guarded('migrate', domain.name, 'kvm2');
  expect([moved.exit, moved.report.result]).toEqual([0, 'done']);
  await (await stage.expectAliveOn('kvm2', domain)).destroy();
});

test('an invalid host name is refused as the destination', async () => {
  const { exit, stderr } = await stage.run('reset', 'one-402', '--destination=-oProxyCommand=id');
  expect([exit, stderr]).toEqual([64, expect.stringContaining('is not a valid host name')]);
});
