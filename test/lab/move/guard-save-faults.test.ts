import { fillMemory, type Guarded, useGuardStage } from './guard-stage';
import { type Domain, until } from '../harness';
import { SlowPipe } from './throttled-file';

// Saves that fail for unrelated reasons: the guest, which a save pauses, continues to run.

const stage = useGuardStage();

const fileOf = ({ name }: Domain): string => `/var/lib/one/datastores/${name}.save`;

async function startFull(vmId: number): Promise<Domain> {
  const domain = await stage.lab.startDomain(vmId);
  fillMemory(domain);
  return domain;
}

/**
 * Injects a fault in the middle of a save.
 * @returns the result of the save
 */
async function strike(
  domain: Domain,
  blow: (pipe: SlowPipe, saving: Promise<unknown>) => Promise<unknown>,
): Promise<Guarded> {
  const pipe = await SlowPipe.on(domain.host, fileOf(domain));
  try {
    const saving = stage.guarded('save', domain.name, pipe.path);
    await stage.untilCopying(domain);
    await blow(pipe, saving);
    return await saving;
  } finally {
    pipe.close();
    domain.host.remove(pipe.path);
  }
}

/** The domain runs here, and the next run can save it. */
async function expectSavable(domain: Domain): Promise<void> {
  await stage.expectAliveOn('kvm1', domain);
  stage.configure('{}');
  expect(await stage.guarded('save', domain.name, fileOf(domain))).toMatchObject({ exit: 0 });
  await (await stage.expectRestored(domain, fileOf(domain))).destroy();
}

const failed = (cause: string, exit: number | null = 1): object => ({
  exit: 1,
  report: { result: 'mover-failed', attempts: [{ mover: 'virsh save', exit, cause }] },
});

test('into a directory that does not exist: the mover’s own status, its message first, no retry', async () => {
  const domain = await stage.lab.startDomain(540);
  const { exit, stderr } = await stage.run('save', domain.name, '/nowhere/file');
  expect(exit).toBe(1);
  expect(stderr).toMatch(
    /^error: [^]*\/nowhere\/file[^]*migrate-guard: one-540: the mover failed for another reason; not retried/,
  );
  await expectSavable(domain);
});

test('onto a full disk: the same', async () => {
  const domain = await startFull(541);
  await domain.host.succeed(['mkdir', '/run/full']);
  await domain.host.succeed(['mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', '/run/full']);
  expect(await stage.guarded('save', domain.name, '/run/full/file')).toMatchObject(failed('other'));
  await expectSavable(domain);
});

test('that the admin aborts', async () => {
  const domain = await startFull(542);
  const ended = await strike(domain, () => domain.host.virsh('domjobabort', domain.name));
  expect(ended).toMatchObject(failed('other'));
  await expectSavable(domain);
});

test('that Ctrl-C ends', async () => {
  const domain = await startFull(543);
  const ended = await strike(domain, () => stage.signal('INT', domain));
  expect(ended).toMatchObject(failed('other'));
  expect(ended.report.what).toContain('the move was cancelled; one-543 runs here');
  await stage.expectAliveOn('kvm1', domain);
  await domain.destroy();
});

test('without progress, because the storage is gone: an operator is asked in bounded time', async () => {
  const domain = await startFull(544);
  stage.configure('migrate: { stall_deadline: 2, destination_deadline: 2 }');
  const ended = await strike(domain, async (pipe, saving) => {
    pipe.standStill();
    await saving;
    // libvirt cannot end a save that cannot write; when the storage is back, it does.
    pipe.goOn();
    await until(async () => (await domain.state()) === 'running', { what: 'the guest runs on' });
  });
  expect(ended).toMatchObject({ exit: 4, report: { result: 'person', attempts: [{ cause: 'stalled' }] } });
  expect(ended.report.what).toContain('libvirt did not end its job (save)');
  await expectSavable(domain);
});

test('while libvirtd crashes and restarts', async () => {
  const domain = await startFull(545);
  const ended = await strike(domain, async () => {
    await stage.lab.stopDaemon('kvm1', 'libvirtd');
    await stage.lab.startDaemon('kvm1', 'libvirtd');
  });
  // libvirtd answers before it has resumed the guest, but after the report of a failed save the guest must run.
  expect(ended).toMatchObject(failed('other'));
  await expectSavable(domain);
});

test('while a second one starts: another process works on the VM', async () => {
  const domain = await startFull(546);
  await strike(domain, async () => {
    const second = await stage.run('save', domain.name, `${fileOf(domain)}.second`);
    const busy = expect.stringContaining('one-546 is locked by another migrate-guard') as string;
    expect([second.exit, second.stderr]).toEqual([5, busy]);
    await domain.host.virsh('domjobabort', domain.name);
  });
  await stage.expectAliveOn('kvm1', domain);
  await domain.destroy();
});

test('when migrate-guard is killed with -9: virsh continues, and a second run does not interfere', async () => {
  const domain = await startFull(547);
  const pipe = await SlowPipe.on(domain.host, fileOf(domain));
  const saving = stage.run('save', domain.name, pipe.path);
  await stage.untilCopying(domain);
  await stage.signal('KILL', domain);
  expect((await saving).exit).not.toBe(0);
  const second = await stage.run('save', domain.name, `${fileOf(domain)}.second`);
  const busy = 'libvirt already runs a job of one-547 (save)';
  expect([second.exit, second.stderr]).toEqual([5, expect.stringContaining(busy)]);
  await domain.host.virsh('domjobabort', domain.name);
  // domjobabort only requests the end. libvirt has finished the cleanup when its job ends, and this test cannot wait
  // for the mover.
  await until(async () => (await domain.host.virsh('domjobinfo', domain.name)).includes('None'), {
    what: 'libvirt ends its job',
    evidence: () => domain.host.virsh('domjobinfo', domain.name),
  });
  pipe.close();
  domain.host.remove(pipe.path);
  await expectSavable(domain);
});
