import type { GuardReport } from '../../../src/move/move-report';
import { Gate, latePath } from './command-barrier';
import { fillMemory, useGuardStage } from './guard-stage';
import { type Domain, type Emulator, mendPaths, migrateToSink } from '../harness';

const stage = useGuardStage();

async function expectAliveOn(host: 'kvm1' | 'kvm2', domain: Domain): Promise<void> {
  await (await stage.expectAliveOn(host, domain)).destroy();
}

describe.each([
  ['Debian’s QEMU', 'debian', 100],
  ['affected QEMU 7.2.0', 'affected', 200],
] as readonly (readonly [string, Emulator, number])[])('%s', (_, emulator, base) => {
  test('a healthy domain is moved at the first command', async () => {
    const domain = await stage.lab.startDomain(base, { emulator });
    const { exit, report } = await stage.guarded('migrate', domain.name, 'kvm2');
    expect([exit, report.result, report.actions]).toEqual([0, 'done', []]);
    expect(report.attempts).toEqual([{ mover: 'virsh migrate', exit: 0 }]);
    await expectAliveOn('kvm2', domain);
  });

  test('a domain with missing paths is repaired and moved at the first command', async () => {
    const domain = await stage.lab.startDomain(base + 1, { emulator, disks: 3 });
    stage.lab.relink(domain, 0);
    stage.lab.relink(domain, 2);
    const { exit, report } = await stage.guarded('migrate', domain.name, 'kvm2');
    expect([exit, report.result]).toEqual([0, 'done']);
    expect(report.actions.map(({ action }) => action)).toEqual(['repair']);
    expect(report.attempts).toHaveLength(1);
    await expectAliveOn('kvm2', domain);
  });

  test('a domain after a failed unguarded migration is reset and moved at the first command', async () => {
    const domain = await stage.lab.startDomain(base + 2, { emulator });
    stage.lab.relink(domain);
    expect((await stage.lab.migrate(domain, 'kvm2')).exit).not.toBe(0);
    const { exit, report } = await stage.guarded('migrate', domain.name, 'kvm2');
    expect([exit, report.result]).toEqual([0, 'done']);
    expect(report.actions.map(({ action }) => action)).toEqual(['repair', 'reset']);
    await expectAliveOn('kvm2', domain);
  });

  test('a domain that is half-inactive is reset and moved at the first command', async () => {
    const domain = await stage.lab.startSilent(base + 3, { emulator });
    stage.lab.relink(domain, 1);
    expect((await stage.lab.migrate(domain, 'kvm2')).exit).not.toBe(0);
    const { exit, report } = await stage.guarded('migrate', domain.name, 'kvm2');
    expect([exit, report.result]).toEqual([0, 'done']);
    await stage.expectOnlyOn('kvm2', domain);
    await domain.on(stage.lab.host('kvm2')).expectCounting();
    await domain.on(stage.lab.host('kvm2')).destroy();
  });

  test('a wrong device is refused, and the domain continues to run', async () => {
    const domain = await stage.lab.startDomain(base + 4, { emulator });
    const other = await stage.lab.volume({ name: `other-${base}` });
    stage.lab.host('kvm1').link(domain.disks[0]?.path ?? '', `/dev/storpool/other-${base}`);
    const { exit, report } = await stage.guarded('migrate', domain.name, 'kvm2');
    expect([exit, report.result, report.attempts]).toEqual([1, 'refused', []]);
    expect(report.what).toContain(`leads to block device ${other.rdev}`);
    await expectAliveOn('kvm1', domain);
  });

  test('a path that breaks between check and move: re-activated at once, repaired, moved at the second attempt', async () => {
    const domain = await stage.lab.startDomain(base + 5, { emulator });
    // A storage update does the same at the worst moment.
    const gate = Gate.on(domain.host, { beforeMove: latePath(stage.lab, domain) });
    const { exit, stdout } = await stage.runBehind(gate, 'migrate', domain.name, 'kvm2', '--json');
    const report = JSON.parse(stdout) as GuardReport;
    expect(report).toMatchObject({
      result: 'done',
      attempts: [{ cause: 'handing-over' }, { exit: 0 }],
    });
    expect(exit).toBe(0);
    expect(report.actions.map(({ action }) => action)).toContain('re-activate');
    expect(report.reactivation).toBeGreaterThanOrEqual(0);
    await expectAliveOn('kvm2', domain);
  });
});

test('the QEMU on the destination is found during the copy, so that its end is noticed without libvirt', async () => {
  const domain = await stage.lab.startDomain(310, { emulator: 'affected' });
  fillMemory(domain);
  // The bandwidth leaves time to find no QEMU on the destination first, and then one.
  stage.configure("migrate: { options: ['--live', '--bandwidth', '5'] }");
  const gate = Gate.on(domain.host, { beforeMove: latePath(stage.lab, domain) });
  const { exit, stderr } = await stage.runBehind(gate, 'migrate', domain.name, 'kvm2', '--verbose');
  expect(exit).toBe(0);
  const answers = stderr
    .split('\n')
    .filter((line) => line.includes('"asked another host"'))
    .map((line) => JSON.parse(line) as { question: string; words: string[]; answer: { text: string } });
  const asked = (wanted: string): typeof answers => answers.filter(({ question }) => question === wanted);
  const seen = asked('qemu').find(({ answer }) => answer.text !== '');
  const pid = seen?.answer.text.trim();
  expect([pid, asked('domains')]).toEqual([expect.stringMatching(/^[1-9][0-9]*$/), []]);
  expect(asked('alive').at(-1)).toMatchObject({ words: [pid], answer: { text: '' } });
  await expectAliveOn('kvm2', domain);
});

test('an unguarded move that fails while the guard waits for the destination: reset, and moved at the first attempt', async () => {
  // The guest writes only to the second disk: the first is left inactive.
  const domain = await stage.lab.startDomain(300, { emulator: 'affected', disks: 2, writesTo: [1] });
  stage.configure('ssh: { deadline: 60 }');
  const gate = Gate.on(domain.host, { at: 'ssh*exec*virsh*' });
  const moving = stage.runBehind(gate, 'migrate', domain.name, 'kvm2', '--json');
  await gate.reached();
  await stage.untilLookedAt(domain);
  stage.lab.relink(domain, 1);
  expect(await migrateToSink(domain)).toMatchObject({ status: 'failed' });
  await domain.untilLogged('bdrv_inactivate_all() failed');
  mendPaths(domain);
  gate.open();
  const { exit, stdout } = await moving;
  const { result, actions, attempts } = JSON.parse(stdout) as GuardReport;
  expect([exit, result, attempts]).toEqual([0, 'done', [{ mover: 'virsh migrate', exit: 0 }]]);
  expect(actions.map(({ action }) => action)).toEqual(['reset']);
  await stage.expectOnlyOn('kvm2', domain);
  const there = domain.on(stage.lab.host('kvm2'));
  await there.expectCounting();
  await there.verifyPattern(1);
  await there.destroy();
});
