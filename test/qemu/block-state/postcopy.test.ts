import { ifMade } from '../../support/if-made';
import { relinkDisk, type Emulator } from '../../lab/harness';
import { lastingMigration } from './endless-migration';
import { configure, expectWrites, inspect, quietDomain, reset, storeLayout } from './reset-testbed';
import { Stage } from '../qemu-stage';

// Post-copy hands over the disks at its beginning, and even QEMU 7.2.22 does not take them back if that fails. The
// guest stays paused (migration/migration.c: vm_was_running is set by migration_completion() only).

let stage: Stage;
let blind: string;

beforeAll(async () => {
  stage = await Stage.start();
  await storeLayout(stage);
  blind = configure(stage, 'reset: { layout_directory: /nonexistent }');
});
afterAll(() => ifMade(stage, (made) => made.stop()));

test.each([
  ['QEMU 7.2.0', 'affected', 730],
  ['Debian’s QEMU', 'debian', 740],
] as readonly (readonly [string, Emulator, number])[])(
  '%s cannot hand over its disks to post-copy: its log is recognised',
  async (_, emulator, vmId) => {
    const domain = await quietDomain(stage, vmId, 2, { emulator });
    relinkDisk(domain, 1);
    const migration = await lastingMigration(domain, 'active', true);
    await domain.qmp('migrate-start-postcopy');
    await migration.failed();
    await domain.untilLogged('postcopy failed to start');
    expect(domain.log()).toMatch(/^\S+Z \S*qemu\S*: migration_iteration_run: postcopy failed to start$/m);
    expect(await domain.qmp('query-status')).toMatchObject({ status: 'postmigrate' });
    const blindly = await stage.report('inspect', domain.name, '--config', blind);
    expect(blindly).toMatchObject({ exit: 2, blockState: 'unknown' });
    expect(blindly.findings[0]?.what).toContain('a hand-over failed since');
    const wayOut = expect.stringContaining(`virsh resume ${domain.name}`) as unknown;
    expect(blindly.findings[0]?.remedy).toEqual(wayOut);
    // Without a layout it is unknown whether the other QEMU has everything that it needs to continue.
    const [exit, blockState, result] =
      emulator === 'affected' ? [1, 'not-resumed', 'refused'] : [2, 'unknown', 'undecided'];
    expect(await inspect(stage, domain)).toMatchObject({ exit, blockState });
    expect(await reset(stage, domain.name)).toMatchObject({ exit, result, remedy: wayOut });
    await domain.host.virsh('resume', domain.name);
    await expectWrites(domain);
    await domain.destroy();
  },
);
