import { Gate } from './command-barrier';
import { type Guarded, useGuardStage } from './guard-stage';
import type { Domain } from '../harness';

// The mover has ended, and the guest is on the destination. The tests follow the advised remedy word by word.

const stage = useGuardStage();
const suspending = "migrate: { options: ['--live', '--suspend'] }";

/** virsh succeeds, and a driver script around it fails afterwards. */
async function failingAfterwards(domain: Domain, ...words: readonly string[]): Promise<Guarded> {
  const beforeMove = '/usr/bin/virsh "$@"; echo "error: snapshot-create failed" >&2; exit 42';
  const gate = Gate.on(domain.host, { beforeMove });
  const { exit, stdout, stderr } = await stage.runBehind(gate, ...words, '--json');
  return { exit, stderr, report: JSON.parse(stdout) as Guarded['report'] };
}

/** Follows a remedy, on the host that it names. */
async function obey(remedy = ''): Promise<void> {
  const [, first, restore] = /on (\w+), virsh (restore \S+) continues/.exec(remedy) ?? [];
  const [, resume, second] = /virsh (resume \S+), on (\w+)$/.exec(remedy) ?? [];
  const [order = '', what = ''] = (restore ?? resume ?? '').split(' ');
  await stage.lab.host(first ?? second ?? '').virsh(order, what);
}

test('the mover fails, and the guest runs on the destination: it has been moved', async () => {
  const domain = await stage.lab.startDomain(560);
  const { exit, report } = await failingAfterwards(domain, 'migrate', domain.name, 'kvm2');
  expect([exit, report.result, report.warning]).toEqual([0, 'done', true]);
  expect(report.what).toBe('it runs on kvm2, although the mover failed: error: snapshot-create failed');
  expect(report.attempts).toEqual([{ mover: 'virsh migrate', exit: 42, cause: 'other' }]);
  await (await stage.expectAliveOn('kvm2', domain)).destroy();
});

test('the mover fails, and the complete guest is paused on the destination: it is the only copy, and resumes there', async () => {
  const domain = await stage.lab.startDomain(561);
  stage.configure(suspending);
  const { exit, report } = await failingAfterwards(domain, 'migrate', domain.name, 'kvm2');
  expect([exit, report.result]).toEqual([4, 'person']);
  expect(report.what).toBe(
    'one-561 no longer runs here; all of it is on kvm2, and it is paused there (paused (user))',
  );
  expect(report.remedy).toMatch(/^the only copy: never destroy it; /);
  await obey(report.remedy);
  await (await stage.expectAliveOn('kvm2', domain)).destroy();
});

test('the mover succeeds, and the guest is paused on the destination: a warning, and it resumes there', async () => {
  const domain = await stage.lab.startDomain(562);
  stage.configure(suspending);
  const { exit, report } = await stage.guarded('migrate', domain.name, 'kvm2');
  expect([exit, report.result, report.warning]).toEqual([0, 'done', true]);
  expect(report.what).toBe('it was migrated, but is paused on kvm2 (paused (user)); it ran before');
  await obey(report.remedy);
  await (await stage.expectAliveOn('kvm2', domain)).destroy();
});

test('a save whose mover fails afterwards: the mover’s own status, and the saved guest can be restored', async () => {
  const domain = await stage.lab.startDomain(563);
  const file = '/var/lib/one/datastores/one-563.save';
  const { exit, report } = await failingAfterwards(domain, 'save', domain.name, file);
  expect([exit, report.result]).toEqual([42, 'mover-failed']);
  expect(report.attempts).toEqual([{ mover: 'virsh save', exit: 42, cause: 'other' }]);
  expect(report.remedy).toContain(`on kvm1, virsh restore ${file} continues it with its memory; `);
  await obey(report.remedy);
  await (await stage.expectAliveOn('kvm1', domain.on(domain.host))).destroy();
});
