import { writeFileSync } from 'node:fs';
import { migrateToSink, startDomain } from '../../lab/harness';
import { ifMade } from '../../support/if-made';
import { configure, failMigration, inspect, libvirtd, quietDomain, storeLayout } from './reset-testbed';
import { Stage } from '../qemu-stage';

let stage: Stage;
/** A configuration without any layout. */
let blind: string;

beforeAll(async () => {
  stage = await Stage.start();
  await storeLayout(stage);
  blind = configure(stage, 'reset: { layout_directory: /nonexistent }');
});
afterAll(() => ifMade(stage, (made) => made.stop()));

describe('by memory', () => {
  test('healthy, then half-inactive: each backend with its disk and evidence', async () => {
    const domain = await quietDomain(stage, 700, 3);
    const healthy = await inspect(stage, domain);
    expect(healthy).toMatchObject({ exit: 0, blockState: 'healthy', pid: domain.pid });
    expect(healthy.findings.map(({ disk, state }) => `${disk ?? ''} ${state}`)).toEqual([
      'vda ok',
      'vdb ok',
      'vdc ok',
    ]);
    await failMigration(domain, [1]);
    const { exit, blockState, findings } = await inspect(stage, domain);
    expect({ exit, blockState }).toEqual({ exit: 1, blockState: 'half-inactive' });
    expect(findings).toMatchObject([
      { check: 'block-state', disk: 'vda', state: 'problem', remedy: `migrate-guard reset ${domain.name}` },
      { disk: 'vdb', state: 'problem' },
      { disk: 'vdc', state: 'ok' },
    ]);
    expect(findings[0]?.what).toContain('INACTIVE while the guest runs');
    expect(findings[1]?.what).toContain('disable_perm');
    await domain.destroy();
  });

  test('a drive without a medium is not a problem', async () => {
    const disks = [
      { target: 'vda', volume: await stage.volume([]) },
      { target: 'hda', device: 'cdrom' as const, volume: await stage.volume([]) },
    ];
    const domain = await startDomain(stage.host, { vmId: 701, disks, emulator: 'affected' });
    await stage.host.virsh('change-media', domain.name, 'hda', '--eject', '--force');
    const report = await inspect(stage, domain);
    expect(report).toMatchObject({ exit: 0, blockState: 'healthy' });
    expect(report.findings.map(({ what }) => what).join()).toContain('has no medium');
    await domain.destroy();
  });

  test('needs no libvirtd, taints nothing, and stops no guest', async () => {
    const domain = await startDomain(stage.host, {
      vmId: 702,
      disks: [{ target: 'vda', volume: await stage.volume([]) }],
      emulator: 'affected',
      boot: false,
    });
    expect(await inspect(stage, domain)).toMatchObject({ exit: 0 });
    expect(stage.host.read(`/run/libvirt/qemu/${domain.name}.xml`)).not.toContain('custom-monitor');
    await domain.destroy();
  });
});

describe('by the log, where memory cannot be read', () => {
  test('no failure since the start: healthy; a failure: unknown, whatever followed', async () => {
    const domain = await quietDomain(stage, 710, 1);
    const look = (): ReturnType<typeof stage.report> =>
      stage.report('inspect', domain.name, '--config', blind);
    const before = await look();
    expect(before).toMatchObject({ exit: 0, blockState: 'healthy' });
    expect(before.findings[0]?.what).toContain('no failed hand-over since its start');
    await failMigration(domain, [0]);
    const after = await look();
    expect(after).toMatchObject({ exit: 2, blockState: 'unknown' });
    expect(after.findings[0]).toMatchObject({
      state: 'unknown',
      remedy: `migrate-guard reset ${domain.name}`,
    });
    expect(JSON.stringify(after.findings)).toContain('bdrv_inactivate_all() failed');
    // A successful resume writes no line to the log, so the state stays unknown.
    await domain.qmp('cont');
    expect(await look()).toMatchObject({ exit: 2, blockState: 'unknown' });
    await domain.destroy();
  });

  test('a migration that is in no log, because QMP started it: QEMU itself is queried', async () => {
    const domain = await quietDomain(stage, 713, 1, { emulator: 'debian' });
    const look = (): ReturnType<typeof stage.report> => stage.report('inspect', domain.name);
    expect(await migrateToSink(domain)).toMatchObject({ status: 'completed' });
    expect(domain.log()).not.toContain('initiating migration');
    const left = await look();
    expect(left).toMatchObject({ exit: 2, blockState: 'unknown' });
    expect(left.findings[0]?.what).toContain('QEMU is in postmigrate');
    await domain.qmp('cont');
    expect(await look()).toMatchObject({ exit: 0, blockState: 'healthy' });
    await domain.destroy();
  });

  test('libvirtd does not answer: an empty log proves nothing', async () => {
    const domain = await quietDomain(stage, 714, 1, { emulator: 'debian' });
    const daemon = await libvirtd(stage);
    await stage.host.succeed(['kill', '-STOP', daemon]);
    const config = configure(stage, 'libvirt: { deadline: 1 }');
    const silent = await stage.report('inspect', domain.name, '--config', config);
    await stage.host.succeed(['kill', '-CONT', daemon]);
    expect(silent).toMatchObject({ exit: 2, blockState: 'unknown' });
    expect(silent.findings[0]?.what).toMatch(/but does not show an arrival, and QEMU does not answer/);
    await domain.destroy();
  });

  test('an incomplete log: QEMU without a migration is healthy, any other is unknown', async () => {
    const domain = await quietDomain(stage, 711, 1);
    const look = (): ReturnType<typeof stage.report> =>
      stage.report('inspect', domain.name, '--config', blind);
    const log = stage.host.path(`/var/log/libvirt/qemu/${domain.name}.log`);
    writeFileSync(log, '');
    const never = await look();
    expect(never).toMatchObject({ exit: 0, blockState: 'healthy' });
    expect(never.findings[0]?.what).toContain('no migration since it started');
    await failMigration(domain, [0]);
    writeFileSync(log, '');
    const rotated = await look();
    expect(rotated).toMatchObject({ exit: 2, blockState: 'unknown' });
    expect(rotated.findings[0]?.what).toContain('does not go back to the start');
    await domain.destroy();
  });

  test('the log of an earlier process does not count for this one', async () => {
    const first = await quietDomain(stage, 712, 1);
    await failMigration(first, [0]);
    await first.destroy();
    const second = await quietDomain(stage, 712, 1);
    expect(await stage.report('inspect', second.name, '--config', blind)).toMatchObject({ exit: 0 });
    await second.destroy();
  });
});

test('--all, no such domain, and the text output', async () => {
  const good = await quietDomain(stage, 720, 1);
  const bad = await quietDomain(stage, 721, 1);
  await failMigration(bad, [0]);
  const all = await stage.guard('inspect', '--all');
  expect(all.exit).toBe(1);
  expect(all.stdout).toContain(`${good.name}: healthy\n${bad.name}: stuck\n  vda: `);
  expect(all.stdout).toContain(`    -> migrate-guard reset ${bad.name}\n`);
  expect((await stage.guard('inspect', 'one-999999')).exit).toBe(2);
  await good.destroy();
  await bad.destroy();
});
