import { useGuardStage } from './guard-stage';
import { affectedQemu, type Domain, type Emulator } from '../harness';

// A guest that arrived paused has INACTIVE disks until it is resumed, by design. Until then a migration, a save or a
// block_resize aborts QEMU before 10.0, the fixed 7.2.22 included (block.c, bdrv_inactivate_recurse; block/io.c,
// bdrv_co_write_req_prepare).

const stage = useGuardStage();
const file = '/var/lib/one/datastores/arrived.save';
const blind = 'reset: { layout_directory: /nonexistent }';

beforeAll(async () => {
  stage.configure('{}');
  const { exit, stderr } = await stage.run('layout', affectedQemu());
  if (exit !== 0) throw new Error(stderr);
});

/**
 * A domain that came to kvm1 as OpenNebula's mover moves it where storage is not shared: with `--suspend`, and not
 * resumed yet.
 */
async function arrivedPaused(vmId: number, emulator: Emulator): Promise<Domain> {
  const domain = await stage.lab.startDomain(vmId, { emulator, host: 'kvm2' });
  expect(await stage.lab.migrate(domain, 'kvm1', ['--suspend'])).toMatchObject({ exit: 0 });
  return domain.on(stage.lab.host('kvm1'));
}

interface Refusal {
  readonly exit: number;
  readonly result: string;
  readonly blockState: string;
}

/** The expected report for a VM whose memory was read, and for one whose memory was not. */
const known: Refusal = { exit: 1, result: 'refused', blockState: 'not-resumed' };
const guessed: Refusal = { exit: 2, result: 'undecided', blockState: 'unknown' };

/** No command moves, saves or resets it, and QEMU stays alive. */
async function expectLeftAlone(domain: Domain, { exit, result, blockState }: Refusal): Promise<void> {
  for (const [verb, ...words] of [
    ['migrate', domain.name, 'kvm2'],
    ['save', domain.name, file],
    ['reset', domain.name],
    ['reset', domain.name, '--strategy', 'cont'],
  ] as const) {
    const { exit: ended, report } = await stage.guarded(verb, ...words);
    expect([verb, ended, report]).toMatchObject([verb, exit, { result, blockState, attempts: [] }]);
    expect(report.remedy).toContain(`virsh resume ${domain.name}`);
    expect(report.what.length).toBeLessThanOrEqual(69);
  }
  const all = await stage.run('reset', '--all', '--json');
  const reported = { domains: [{ domain: domain.name, result, blockState }] };
  expect([all.exit, JSON.parse(all.stdout)]).toMatchObject([exit, reported]);
  for (const words of [['inspect'], ['check', '--deep']]) {
    const { exit: ended, stdout } = await stage.run(...words, domain.name);
    expect([words, ended, stdout]).toEqual([words, exit, expect.stringContaining('virsh resume')]);
  }
  expect([await domain.state(), domain.alive()]).toEqual(['paused', true]);
}

/** The refused action now succeeds. */
async function expectMovable(domain: Domain): Promise<void> {
  const saved = await stage.guarded('save', domain.name, file);
  expect([saved.exit, saved.report.result]).toEqual([0, 'done']);
  const restored = await stage.expectRestored(domain, file);
  const moved = await stage.guarded('migrate', restored.name, 'kvm2');
  expect([moved.exit, moved.report.result]).toEqual([0, 'done']);
  await (await stage.expectAliveOn('kvm2', restored)).destroy();
}

test.each([
  ['Debian’s QEMU', 'debian', '{}', guessed, 800],
  ['QEMU 7.2.0 of a known layout', 'affected', '{}', known, 810],
  ['QEMU 7.2.0 of an unknown layout', 'affected', blind, guessed, 820],
] as const)('%s: neither moved nor saved before its resume, and afterwards both', async (...given) => {
  const [, emulator, configuration, refusal, vmId] = given;
  const domain = await arrivedPaused(vmId, emulator);
  stage.configure(configuration);
  await expectLeftAlone(domain, refusal);
  await domain.host.virsh('resume', domain.name);
  await domain.expectCounting();
  await expectMovable(domain);
});

// Before QEMU 10.0 its disks are active, but nothing distinguishes it from an arrival with INACTIVE ones.
test('the same for a guest that was restored paused', async () => {
  const domain = await stage.lab.startDomain(830);
  await domain.host.virsh('save', domain.name, file);
  await domain.host.virsh('restore', '--paused', file);
  domain.host.remove(file);
  const restored = domain.on(domain.host);
  await expectLeftAlone(restored, guessed);
  await restored.host.virsh('resume', restored.name);
  await restored.expectCounting();
  await expectMovable(restored);
});

test('a plain check, which queries nothing, is undecided about such a guest, and safe again after its resume', async () => {
  const domain = await arrivedPaused(840, 'debian');
  const look = async (): Promise<unknown[]> => {
    const { exit, stdout } = await stage.run('check', domain.name, '--json');
    const [report] = (JSON.parse(stdout) as { domains: { verdict: string }[] }).domains;
    return [exit, report?.verdict];
  };
  expect(await look()).toEqual([2, 'undecided']);
  await domain.host.virsh('resume', domain.name);
  await domain.expectCounting();
  expect(await look()).toEqual([0, 'safe']);
  await domain.destroy();
});

test('a guest that has run here, and was paused since, is moved as it is', async () => {
  const domain = await stage.lab.startDomain(850, { host: 'kvm2' });
  expect(await stage.lab.migrate(domain, 'kvm1')).toMatchObject({ exit: 0 });
  const here = domain.on(stage.lab.host('kvm1'));
  await here.expectCounting();
  await here.host.virsh('suspend', here.name);
  expect(await stage.guarded('migrate', here.name, 'kvm2')).toMatchObject({ exit: 0 });
  const there = here.on(stage.lab.host('kvm2'));
  expect([await there.state(), there.alive()]).toEqual(['paused', true]);
  await there.host.virsh('resume', there.name);
  await there.expectCounting();
  await there.destroy();
});
