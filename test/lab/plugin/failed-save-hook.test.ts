import { existsSync } from 'node:fs';
import { History } from '../../support/vm-xml';
import { affectedQemu, migrateToSink, type Domain } from '../harness';
import { HookStage } from './hook-testbed';

/**
 * A site with hooks and without our VMM driver: the state after a failed suspend, stop or cold migration. The VM runs
 * on QEMU 7.2.0, which keeps the effects of a failed hand-over on its disks.
 */

const hooks = new HookStage();
const stage = hooks.opennebula;
const file = (domain: Domain): string => `/var/lib/one/datastores/0/${domain.name}.checkpoint`;

beforeAll(() => hooks.start());
afterEach(() => stage.configure('{}\n'));
afterAll(() => stage.stop());

/** The event of a suspend that failed. */
function failedSuspend(id: number): string {
  return hooks.oned({ id, prevLcmState: 6, history: new History().save(10).failSave().records });
}

/** The stock script saves the VM, which is restored here and stays alive. */
async function expectSavable(domain: Domain): Promise<void> {
  expect((await stage.save(domain, file(domain))).exit).toBe(0);
  await domain.host.virsh('restore', file(domain));
  const restored = domain.on(stage.lab.host('kvm1'));
  await stage.expectAliveOn('kvm1', restored);
  await restored.destroy();
}

test('the stock save failed: the hook repairs the path, and the next one succeeds', async () => {
  const domain = await stage.lab.startDomain(320, { host: 'kvm1', emulator: 'affected', disks: 2 });
  const link = stage.lab.relink(domain, 1);
  const failed = await stage.save(domain, file(domain));
  expect(failed.exit).toBe(1);
  await domain.untilLogged('bdrv_inactivate_all() failed');
  await stage.expectAliveOn('kvm1', domain);
  expect(await hooks.probed(domain)).toMatchObject({ MIGRATE_GUARD: 'undecided' });

  stage.configure('hooks: { retry: true }\n');
  const event = failedSuspend(320);
  const ran = await hooks.hook('post-failure', event);
  expect([ran.exit, ran.stderr]).toEqual([0, '']);
  expect(ran.stdout).toMatch(/^one-320: reset: .*\none-320: repair: .*storpool-byid.*\none-320: /);
  // The hook only queries where the VM is; it does not request another save from OpenNebula.
  expect(hooks.asked()).toEqual(['oneadmin show -x 320']);
  expect(existsSync(`/proc/${domain.outerPid}/root${link}`)).toBe(true);
  expect(stage.recorded(domain)[0]).toMatchObject({
    action: 'post-failure',
    source: 'kvm1',
    destination: null,
    result: 'done',
  });
  await expectSavable(domain);
});

test('QEMU is stuck as well: the hook resets it first, then repairs the path, and the next one succeeds', async () => {
  const domain = await stage.lab.startDomain(321, { host: 'kvm1', emulator: 'affected' });
  await domain.host.succeed(['/usr/lib/migrate-guard/migrate-guard', 'layout', affectedQemu()]);
  stage.lab.relink(domain);
  expect((await migrateToSink(domain)).status).toBe('failed');
  await domain.untilLogged('bdrv_inactivate_all() failed');
  expect(await hooks.probed(domain)).toMatchObject({ MIGRATE_GUARD_DISKS: 'stuck' });
  const ran = await hooks.hook('post-failure', failedSuspend(321));
  expect([ran.exit, ran.stderr]).toEqual([0, '']);
  expect(ran.stdout).toMatch(/reset: healed by cont: .* stuck\n.*repair: .*storpool-byid/);
  expect(await hooks.probed(domain)).toMatchObject({ MIGRATE_GUARD: 'safe' });
  await expectSavable(domain);
});
