import { Gate, type GateSettings, latePath } from './command-barrier';
import { fillMemory, useGuardStage, slowly } from './guard-stage';
import { type Domain, type Emulator, until } from '../harness';

// kill -9 of migrate-guard at each of its stages: the guest lives, in exactly one place, and the next run completes.

const stage = useGuardStage();

const start = (vmId: number, emulator: Emulator): Promise<Domain> =>
  stage.lab.startDomain(vmId, { emulator });

/** Runs until a program waits at the gate, and kills migrate-guard there. */
async function killAt(domain: Domain, settings: GateSettings): Promise<Gate> {
  const gate = Gate.on(domain.host, settings);
  const running = stage.runBehind(gate, 'migrate', domain.name, 'kvm2');
  await gate.reached();
  await stage.signal('KILL', domain);
  expect((await running).exit).not.toBe(0);
  return gate;
}

/** The domain runs here, and the next run moves it. */
async function expectNextRunMoves(domain: Domain): Promise<readonly string[]> {
  await stage.expectOnlyOn('kvm1', domain);
  await domain.expectCounting();
  const { exit, report } = await stage.guarded('migrate', domain.name, 'kvm2');
  expect([exit, report.result]).toEqual([0, 'done']);
  await (await stage.expectAliveOn('kvm2', domain)).destroy();
  return report.actions.map(({ action }) => action);
}

async function expectMoverMoves(domain: Domain): Promise<void> {
  await stage.untilGoneFrom('kvm1', domain);
  await (await stage.expectAliveOn('kvm2', domain)).destroy();
}

test('in the check', async () => {
  const domain = await start(400, 'debian');
  stage.lab.relink(domain);
  (await killAt(domain, { at: '"virsh --quiet --connect qemu:///system"' })).open();
  expect(await expectNextRunMoves(domain)).toEqual(['repair']);
});

test('in the repair: the next run removes what was half finished', async () => {
  const domain = await start(401, 'debian');
  stage.lab.relink(domain);
  const gate = await killAt(domain, { at: 'getfacl*' });
  const left = await domain.host.run(['ls', '-A', `/proc/${domain.pid}/root/dev`]);
  expect(left.stdout).toMatch(/^\.migrate-guard-/m);
  gate.open();
  expect(await expectNextRunMoves(domain)).toEqual(['repair']);
});

test('in the reset after an earlier failure', async () => {
  const domain = await start(402, 'affected');
  stage.lab.relink(domain);
  expect((await stage.lab.migrate(domain, 'kvm2')).exit).not.toBe(0);
  await (await killAt(domain, { at: `virsh*'{"execute":"cont"}'*` })).kill();
  expect(await expectNextRunMoves(domain)).toEqual(['reset']);
});

test('when the mover has just started: it completes alone', async () => {
  const domain = await start(403, 'debian');
  const gate = await killAt(domain, { at: 'virsh*" migrate "*' });
  await stage.expectAliveOn('kvm1', domain);
  gate.open();
  await expectMoverMoves(domain);
});

test('during the copy: the mover completes alone, and a second run does not interfere', async () => {
  const domain = await start(404, 'debian');
  fillMemory(domain);
  stage.configure(slowly);
  const running = stage.run('migrate', domain.name, 'kvm2');
  await stage.untilCopying(domain);
  await stage.signal('KILL', domain);
  expect((await running).exit).not.toBe(0);
  const second = await stage.run('migrate', domain.name, 'kvm2');
  const busy = 'libvirt already runs a job of one-404 (migration out)';
  expect([second.exit, second.stderr]).toEqual([5, expect.stringContaining(busy)]);
  await stage.hurry(domain);
  await expectMoverMoves(domain);
});

test.each([
  ['Debian’s QEMU', 405, 'debian'],
  ['affected QEMU 7.2.0', 406, 'affected'],
] as const)('after a failure, before QEMU has its disks back: %s', async (_, vmId, emulator) => {
  const domain = await start(vmId, emulator);
  // The standby never finds out whether the destination has a copy, because no ssh reaches it.
  const gate = await killAtFailure(domain);
  gate.open();
  await stage.untilGoneFrom('kvm2', domain);
  // QEMU's log shows the failure, but not whether this QEMU resets itself.
  expect(await expectNextRunMoves(domain)).toEqual(['repair', 'reset']);
});

async function killAtFailure(domain: Domain): Promise<Gate> {
  const before = domain.log().length;
  // The check stops trying the destination after twice that time, and the standby queries it for as long.
  stage.configure('ssh: { deadline: 5 }');
  const beforeMove = latePath(stage.lab, domain);
  const gate = Gate.on(domain.host, { at: 'ssh*exec*virsh*', forAll: true, beforeMove });
  const running = stage.runBehind(gate, 'migrate', domain.name, 'kvm2');
  await gate.reached();
  await until(() => domain.log().slice(before).includes('bdrv_inactivate_all() failed'), {
    what: 'handing over fails',
    deadline: 90_000,
  });
  await until(async () => (await domain.host.virsh('domjobinfo', domain.name)).includes('None'), {
    what: 'libvirt ends its job',
  });
  await stage.signal('KILL', domain);
  expect((await running).exit).not.toBe(0);
  return gate;
}

test('in the retry, before the move', async () => {
  const domain = await start(407, 'affected');
  const gate = await killAt(domain, {
    at: 'virsh*" migrate "*',
    after: 1,
    beforeMove: latePath(stage.lab, domain),
  });
  await gate.kill();
  expect(await expectNextRunMoves(domain)).toEqual([]);
});
