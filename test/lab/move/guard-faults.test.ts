import { fillMemory, useGuardStage, slowly } from './guard-stage';
import type { Domain } from '../harness';

const stage = useGuardStage();

/** The next run can still move the domain. */
async function expectMovable(domain: Domain): Promise<void> {
  stage.configure('{}');
  expect(await stage.guarded('migrate', domain.name, 'kvm2')).toMatchObject({
    exit: 0,
    report: { result: 'done' },
  });
  const there = await stage.expectAliveOn('kvm2', domain);
  await there.destroy();
}

async function startSlow(vmId: number): Promise<Domain> {
  const domain = await stage.lab.startDomain(vmId);
  fillMemory(domain);
  stage.configure(slowly);
  return domain;
}

test('a destination without sshd: the mover’s own status, its message first, and the VM continues to run', async () => {
  const domain = await stage.lab.startDomain(300);
  await stage.lab.stopDaemon('kvm2', 'sshd');
  const { exit, stderr } = await stage.run('migrate', domain.name, 'kvm2');
  await stage.lab.startDaemon('kvm2', 'sshd');
  expect(exit).toBe(1);
  expect(stderr).toMatch(
    /Connection refused[^]*migrate-guard: one-300: the mover failed for another reason; not retried/,
  );
  await stage.expectAliveOn('kvm1', domain);
  await expectMovable(domain);
});

test('a destination without libvirtd: the same', async () => {
  const domain = await stage.lab.startDomain(301);
  await stage.lab.stopDaemon('kvm2', 'libvirtd');
  const { exit, report } = await stage.guarded('migrate', domain.name, 'kvm2');
  await stage.lab.startDaemon('kvm2', 'libvirtd');
  expect([exit, report.result, report.attempts]).toEqual([
    1,
    'mover-failed',
    [{ mover: 'virsh migrate', exit: 1, cause: 'other' }],
  ]);
  expect(report.output?.stderr).toContain('virt-ssh-helper: cannot connect');
  await stage.expectAliveOn('kvm1', domain);
  await expectMovable(domain);
});

test('a destination that lacks the path for all the time that it is given: refused before the move', async () => {
  stage.configure('destination: { wait: 1 }');
  const domain = await stage.lab.startDomain(302);
  const via = domain.disks[0]?.via ?? '';
  stage.lab.host('kvm2').remove(via);
  const { exit, report } = await stage.guarded('migrate', domain.name, 'kvm2');
  expect([exit, report.result, report.attempts]).toEqual([1, 'refused', []]);
  expect(report.what).toContain('the path leads to nothing on kvm2, even 1 s later');
  await stage.expectAliveOn('kvm1', domain);
  stage.lab.host('kvm2').link(via, `../${domain.disks[0]?.volume?.name ?? ''}`);
  await expectMovable(domain);
});

test('an unrelated failure of the mover passes through unchanged and is not retried', async () => {
  const domain = await stage.lab.startDomain(303);
  stage.configure("migrate: { options: ['--live', '--bogus'] }");
  const { exit, stderr } = await stage.run('migrate', domain.name, 'kvm2');
  expect(exit).toBe(1);
  expect(stderr.split('\n')[0]).toContain("command 'migrate' doesn't support option --bogus");
  await stage.expectAliveOn('kvm1', domain);
  await expectMovable(domain);
});

test('a destination whose libvirtd is killed during the copy', async () => {
  const domain = await startSlow(304);
  const moving = stage.guarded('migrate', domain.name, 'kvm2');
  await stage.untilCopying(domain);
  await stage.lab.stopDaemon('kvm2', 'libvirtd');
  const { exit, report } = await moving;
  expect([exit, report.result]).toEqual([1, 'mover-failed']);
  await stage.lab.startDaemon('kvm2', 'libvirtd');
  // libvirtd finds a QEMU that will never get the rest of the migration, and ends it.
  await stage.untilGoneFrom('kvm2', domain);
  await stage.expectAliveOn('kvm1', domain);
  await expectMovable(domain);
});

test('a destination whose QEMU is killed during the copy', async () => {
  const domain = await startSlow(310);
  const moving = stage.guarded('migrate', domain.name, 'kvm2');
  await stage.untilCopying(domain);
  await stage.lab.host('kvm2').succeed(['sh', '-c', `kill -9 $(cat /run/libvirt/qemu/${domain.name}.pid)`]);
  // The source QEMU reports a failed migration; it still has its disks, so nothing must be reset.
  expect(await moving).toMatchObject({
    exit: 1,
    report: { result: 'mover-failed', blockState: 'healthy', actions: [], attempts: [{ cause: 'other' }] },
  });
  expect(await domain.qmp('query-migrate')).toMatchObject({ status: 'failed' });
  await stage.untilGoneFrom('kvm2', domain);
  await stage.expectAliveOn('kvm1', domain);
  await expectMovable(domain);
});

test('a source whose libvirtd is restarted during the copy', async () => {
  const domain = await startSlow(305);
  const moving = stage.guarded('migrate', domain.name, 'kvm2');
  await stage.untilCopying(domain);
  await stage.lab.restartDaemon('kvm1', 'libvirtd');
  const { exit, report } = await moving;
  expect(report.result).toBe('mover-failed');
  // Any status of virsh is possible: if it loses libvirtd during a write, it dies of SIGPIPE.
  expect([1, 141]).toContain(exit);
  expect(report.attempts).toMatchObject([{ exit }]);
  await stage.expectAliveOn('kvm1', domain);
  await expectMovable(domain);
});

test('a second migration of the same VM reports that another process works on it', async () => {
  const domain = await startSlow(306);
  const moving = stage.guarded('migrate', domain.name, 'kvm2');
  await stage.untilCopying(domain);
  const second = await stage.run('migrate', domain.name, 'kvm2');
  expect([second.exit, second.stderr]).toEqual([
    5,
    expect.stringContaining('one-306 is locked by another migrate-guard'),
  ]);
  await stage.hurry(domain);
  expect(await moving).toMatchObject({ exit: 0, report: { result: 'done' } });
  const there = await stage.expectAliveOn('kvm2', domain);
  await there.destroy();
});

test('a migration that the admin aborts', async () => {
  const domain = await startSlow(307);
  const moving = stage.guarded('migrate', domain.name, 'kvm2');
  await stage.untilCopying(domain);
  await domain.host.virsh('domjobabort', domain.name);
  const { exit, report } = await moving;
  expect([exit, report.result, report.attempts.length]).toEqual([1, 'mover-failed', 1]);
  await stage.expectAliveOn('kvm1', domain);
  await expectMovable(domain);
});

test('Ctrl-C asks libvirt to abort the job and leaves a healthy VM', async () => {
  const domain = await startSlow(308);
  const moving = stage.guarded('migrate', domain.name, 'kvm2');
  await stage.untilCopying(domain);
  await stage.signal('INT', domain);
  const { exit, stderr, report } = await moving;
  expect([exit, report.result]).toEqual([1, 'mover-failed']);
  expect(stderr).toContain('SIGINT: asking libvirt to end the job of one-308');
  await stage.expectAliveOn('kvm1', domain);
  await expectMovable(domain);
});

test('Ctrl-C during the move of a paused guest: it stays paused, and no operator is needed', async () => {
  const domain = await startSlow(309);
  await domain.host.virsh('suspend', domain.name);
  const moving = stage.guarded('migrate', domain.name, 'kvm2');
  await stage.untilCopying(domain);
  await stage.signal('INT', domain);
  const { exit, report } = await moving;
  expect([exit, report.result]).toEqual([1, 'mover-failed']);
  expect(report.what).toBe(
    'the move was cancelled; one-309 is here, paused as before, and kvm2 has no copy of it',
  );
  await domain.host.virsh('resume', domain.name);
  await stage.expectAliveOn('kvm1', domain);
  await expectMovable(domain);
});
