import type { GuardReport } from '../../../src/move/move-report';
import { fillMemory, slowOptions, useGuardStage } from './guard-stage';
import type { Domain } from '../harness';

// The network fails in the middle of the copy. No connection is closed, so virsh gets no error and waits.

const stage = useGuardStage();

async function startSlow(vmId: number): Promise<Domain> {
  const domain = await stage.lab.startDomain(vmId);
  fillMemory(domain);
  stage.configure(`
migrate: { ${slowOptions}, stall_deadline: 2, destination_deadline: 3 }
ssh: { deadline: 2 }
`);
  return domain;
}

/** The aborts only, without the reports about a slow destination. */
const aborts = ({ actions }: GuardReport): string[] =>
  actions.filter(({ action }) => action === 'abort').map(({ what }) => what);

/** Heals the network; the destination removes its copy, and then the next run moves the VM. */
async function expectMovableAfterHeal(domain: Domain): Promise<void> {
  await stage.lab.heal('kvm2');
  await stage.untilGoneFrom('kvm2', domain);
  await stage.expectAliveOn('kvm1', domain);
  stage.configure('{}');
  const next = await stage.guarded('migrate', domain.name, 'kvm2');
  expect([next.exit, next.report.result, next.report.what]).toEqual([0, 'done', 'done']);
  await (await stage.expectAliveOn('kvm2', domain)).destroy();
}

test('a copy without progress is ended in bounded time, and the VM continues to run here', async () => {
  const domain = await startSlow(320);
  const moving = stage.guarded('migrate', domain.name, 'kvm2');
  await stage.untilCopying(domain);
  await stage.lab.cut('kvm2');
  const { exit, report } = await moving;
  expect([exit, report.result, report.attempts]).toEqual([
    1,
    'mover-failed',
    [{ mover: 'virsh migrate', exit: null, cause: 'stalled' }],
  ]);
  expect(aborts(report)).toEqual([
    'the copy has made no progress for 2 s: libvirt is asked to end its job',
    'the mover did not end by itself and is killed',
  ]);
  expect(report.what).toMatch(/one-320 runs here; whether kvm2 has a copy of one-\d+ cannot be determined/);
  expect(await domain.state()).toBe('running');
  await domain.expectCounting();
  await expectMovableAfterHeal(domain);
});

test('a copy that pauses only for a moment continues', async () => {
  const domain = await startSlow(321);
  const moving = stage.guarded('migrate', domain.name, 'kvm2');
  await stage.untilCopying(domain);
  await stage.lab.cut('kvm2');
  await stage.lab.heal('kvm2');
  await stage.hurry(domain);
  const { exit, report } = await moving;
  expect([exit, report.result, aborts(report)]).toEqual([0, 'done', []]);
  await (await stage.expectAliveOn('kvm2', domain)).destroy();
});

test('Ctrl-C also ends a copy without progress', async () => {
  const domain = await startSlow(322);
  stage.configure(`{ migrate: { ${slowOptions}, destination_deadline: 3 }, ssh: { deadline: 2 } }`);
  const moving = stage.guarded('migrate', domain.name, 'kvm2');
  await stage.untilCopying(domain);
  await stage.lab.cut('kvm2');
  await stage.signal('INT', domain);
  const { exit, report } = await moving;
  expect([exit, report.result]).toEqual([1, 'mover-failed']);
  expect(report.what).toMatch(
    /the move was cancelled; one-322 runs here; whether kvm2 has a copy of one-\d+ cannot be determined/,
  );
  await domain.expectCounting();
  await expectMovableAfterHeal(domain);
});
