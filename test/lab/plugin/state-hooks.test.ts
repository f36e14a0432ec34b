import { existsSync, readdirSync } from 'node:fs';
import type { HookTest } from '../../../src/plugin/hook-test';
import { History, vmXml } from '../../support/vm-xml';
import { fillMemory } from '../move/guard-stage';
import { affectedQemu, migrateToSink, until } from '../harness';
import { HookStage, now } from './hook-testbed';
import { put } from './install-in-lab';

const hooks = new HookStage();
const stage = hooks.opennebula;
/**
 * The number of VMs that a probe reports whose agent hangs; it takes so long that it runs in parallel with the tests.
 */
let hanging: Promise<number>;

beforeAll(async () => {
  await hooks.start();
  const host = stage.lab.host('kvm2');
  put(host, '/usr/lib/migrate-guard/migrate-guard', '#!/bin/sh\nexec sleep 600\n', 0o755);
  hanging = hooks.probe(host).then(({ size }) => size);
});
afterAll(() => stage.stop());

test('the probe prints nothing, and never fails, if nothing runs or the guard cannot', async () => {
  const host = stage.lab.host('kvm1');
  expect((await hooks.probe(host)).size).toBe(0);
  const rules = ['/etc/sudoers.d/migrate-guard', '/usr/lib/migrate-guard/migrate-guard', '/usr/bin/node'];
  for (const file of rules) {
    await host.succeed(['mv', file, `${file}.away`]);
    expect((await hooks.probe(host)).size).toBe(0);
    await host.succeed(['mv', `${file}.away`, file]);
  }
});

test('a live migration that failed: the probe reports it, the hook resets the VM, and it is retried once', async () => {
  const domain = await stage.lab.startDomain(310, { host: 'kvm1', emulator: 'affected' });
  expect(await hooks.probed(domain)).toEqual({
    MIGRATE_GUARD: 'safe',
    MIGRATE_GUARD_WHY: '',
    MIGRATE_GUARD_DISKS: 'healthy',
    // By its version (7.2.0) it may be affected; that it is, only the failure shows.
    MIGRATE_GUARD_QEMU: 'unknown',
  });
  const link = stage.lab.relink(domain);
  const broken = await hooks.probed(domain);
  expect(broken).toMatchObject({
    MIGRATE_GUARD: 'repairable',
    MIGRATE_GUARD_WHY: 'vda: its path is missing for QEMU; run migrate-guard repair',
  });
  // The migration bypasses libvirt, whose own `cont` after a failure sometimes comes late enough to reset the state.
  expect((await migrateToSink(domain)).status).toBe('failed');
  await domain.untilLogged('bdrv_inactivate_all() failed');
  // A state that only QEMU's memory shows is unknown until the layout of this build is stored.
  const after = await hooks.probed(domain);
  expect(after).toMatchObject({ MIGRATE_GUARD: 'undecided', MIGRATE_GUARD_DISKS: 'unknown' });
  expect(after['MIGRATE_GUARD_WHY']).not.toContain('its path is missing');
  await domain.host.succeed(['/usr/lib/migrate-guard/migrate-guard', 'layout', affectedQemu()]);
  expect(await hooks.probed(domain)).toMatchObject({
    MIGRATE_GUARD: 'blocked',
    MIGRATE_GUARD_DISKS: 'stuck',
    MIGRATE_GUARD_QEMU: 'affected',
  });

  stage.configure('hooks: { retry: true }\n');
  const event = hooks.failed(310);
  const dry = await hooks.hookTest('root', 'post-failure', '--vm', '310', '--dry-run', '--json');
  const document = JSON.parse(dry.stdout) as HookTest;
  expect(document).toMatchObject({ exit: 0, user: 'oneadmin', directory: '/' });
  expect(document.stdout).toMatch(
    /cont would be applied[^]*storpool-byid.* would be made[^]*nothing was changed/,
  );
  expect(document.stdout).toContain('a dry run: OpenNebula would be asked: onevm migrate --live 310 kvm2');
  expect(existsSync(`/proc/${domain.outerPid}/root${link}`)).toBe(false);
  expect(await hooks.probed(domain)).toMatchObject({ MIGRATE_GUARD_DISKS: 'stuck' });
  hooks.asked();

  const real = await hooks.hook('post-failure', event);
  expect([real.exit, real.stderr]).toEqual([0, '']);
  expect(real.stdout).toMatch(/reset: [^]*repair: .*storpool-byid[^]*asked to try again/);
  // The first query finds the last destination, before the reset; the second finds the host of the VM, before the
  // retry.
  const show = 'oneadmin show -x 310';
  expect(hooks.asked()).toEqual([show, show, 'oneadmin migrate --live 310 kvm2']);

  const history = new History()
    .begin('kvm2', now - 9)
    .revert(now)
    .begin('kvm2', now + 3)
    .revert(now + 8);
  const second = await hooks.hook('post-failure', hooks.oned({ id: 310, history: history.records }));
  expect(second.stdout).toContain('not tried again: the live migration before it went to kvm2, too');
  const replayed = await hooks.hook('post-failure', event);
  expect(replayed.stdout).toContain('not tried again: the VM has changed since');
  expect(hooks.asked()).toEqual([show, show, show]);

  // Thousands of probes a day would fill the audit log.
  expect(domain.host.read('/var/log/migrate-guard/host.log')).not.toContain('"probe"');

  expect((await stage.lab.migrate(domain, 'kvm2')).exit).toBe(0);
  const there = await stage.expectAliveOn('kvm2', domain);
  // The VM has left the source: nothing is reset, so nothing is retried.
  const late = await hooks.hook('post-failure', hooks.failed(310));
  expect([late.exit, hooks.asked()]).toEqual([2, [show]]);
  expect(late.stderr).toMatch(/^migrate-guard: one-310 on kvm1: no domain .*\n {2}-> /);
  await there.destroy();
});

test('the path breaks, and the hook repairs it while the memory is copied', async () => {
  const domain = await stage.lab.startDomain(311, { host: 'kvm1' });
  fillMemory(domain);
  stage.lab.relink(domain);
  const migration = stage.lab.migrate(domain, 'kvm2', ['--bandwidth', '1']);
  const copying = /^Data processed: +[1-9]/m;
  await until(async () => copying.test(await domain.host.virsh('domjobinfo', domain.name)), {
    what: 'memory is being copied',
  });
  const history = new History().begin('kvm2', now).records;
  hooks.oned({ id: 311, lcmState: 4, history });
  const tested = await hooks.hookTest('root', 'pre-migrate', '--vm', '311');
  expect(tested.exit).toBe(0);
  expect(tested.stdout).toMatch(/^command: +\/var\/lib\/one\/remotes\/hooks\/migrate-guard\/pre-migrate$/m);
  expect(tested.stdout).toMatch(
    /<LCM_STATE>4<[^]*<HOSTNAME>kvm2<[^]*repair: \/dev\/storpool-byid.* made[^]*every disk opens now/,
  );
  // The migration is slow until the hook has ended, however long that takes.
  await domain.host.virsh('migrate-setspeed', domain.name, '1000');
  expect((await migration).exit).toBe(0);
  const late = await hooks.hookTest('root', 'pre-migrate', '--vm', '311');
  expect([late.exit, late.stdout]).toEqual([0, expect.stringContaining('does not run on kvm1 any more')]);
  await (await stage.expectAliveOn('kvm2', domain)).destroy();
});

test('the hook does nothing for a VM that the driver guards', async () => {
  const domain = await stage.lab.startDomain(312, { host: 'kvm1' });
  const slow = 'until [ -e /var/tmp/go-on ]; do sleep 0.05; done\nexec /var/tmp/one/vmm/kvm/migrate "$@"';
  stage.script('vmm/kvm/slow', `#!/bin/sh\n${slow}\n`);
  stage.configure('opennebula: { migrate: slow }\n');
  const moved = stage.migrate(domain, 'kvm2', { local: 'migrate-guard' });
  const claims = domain.host.path('/run/migrate-guard/one-312.lock');
  await until(() => existsSync(claims) && readdirSync(claims).some((file) => file.endsWith('.held')), {
    what: 'the driver guards the VM',
  });
  const history = new History().begin('kvm2', now).records;
  const left = await hooks.hook('pre-migrate', vmXml({ id: 312, lcmState: 4, prevLcmState: 3, history }));
  expect([left.exit, left.stderr, left.stdout]).toEqual([0, '', expect.stringContaining('left alone')]);
  put(domain.host, '/var/tmp/go-on', '', 0o644);
  expect((await moved).exit).toBe(0);
  await (await stage.expectAliveOn('kvm2', domain)).destroy();
});

test('the event may come as an argument, where ARGUMENTS_STDIN is not set', async () => {
  const event = Buffer.from(vmXml({ id: 313, history: new History().records })).toString('base64');
  const given = await hooks.hookProgram('post-failure', [event]);
  expect([given.exit, given.stdout]).toEqual([0, expect.stringMatching(/^one-313: nothing to do: .*\n$/)]);
  const nothing = await hooks.hookProgram('post-failure', []);
  expect([nothing.exit, nothing.stderr]).toEqual([64, expect.stringContaining('its event cannot be read')]);
});

test('an event that cannot be tested is refused with the reason and the remedy', async () => {
  hooks.oned({ id: 313, history: new History().records });
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [
      ['pre-migrate', '--vm', '999'],
      2,
      /XML of VM 999 cannot be read: .*Error getting virtual machine \[999\]/,
    ],
    [['pre-migrate', '--vm', '313'], 1, /LCM_STATE 3, so OpenNebula would not run pre-migrate/],
    [['pre-migrate', '--vm', '313', '--event', '/etc/hostname'], 64, /the saved event is not an event/],
    [['pre-migrate', '--vm', '7', '--event', '/var/tmp/vm-313.xml'], 64, /is about VM 313, not about VM 7/],
  ];
  for (const [words, exit, what] of cases) {
    const refused = await hooks.hookTest('root', ...words);
    expect([refused.exit, refused.stdout]).toEqual([exit, '']);
    expect(refused.stderr).toMatch(what);
    expect(refused.stderr).toMatch(/^migrate-guard: .*\n {2}-> .*\n$/);
  }
  await stage.front.succeed(['mv', '/usr/bin/onevm', '/usr/bin/onevm.away']);
  const without = await hooks.hookTest('root', 'post-failure', '--vm', '313');
  expect([without.exit, without.stderr]).toEqual([2, expect.stringContaining('onevm is not installed')]);
  await stage.front.succeed(['mv', '/usr/bin/onevm.away', '/usr/bin/onevm']);
  for (const user of ['root', 'oneadmin'] as const) {
    const nothing = await hooks.hookTest(user, 'post-failure', '--vm', '313');
    expect([nothing.exit, nothing.stdout]).toEqual([0, expect.stringContaining('nothing to do')]);
  }
});

test('an agent that hangs does not block the other probes of its host for ever', async () => {
  // The probe ends the agent, which would otherwise exceed the deadline of a command here.
  expect(await hanging).toBe(0);
});
