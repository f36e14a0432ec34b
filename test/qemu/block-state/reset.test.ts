import { writeFileSync } from 'node:fs';
import { type Domain, mendPaths, migrateToSink, until } from '../../lab/harness';
import { ifMade } from '../../support/if-made';
import { letGuestWrite } from './guest-writes';
import { lastingMigration } from './endless-migration';
import {
  configure,
  expectHealthy,
  expectMigration,
  halfInactiveDomain,
  inspect,
  quietDomain,
  reset,
  storeLayout,
  stuckDomain,
} from './reset-testbed';
import { Stage } from '../qemu-stage';

let stage: Stage;
let vmId = 500;

beforeAll(async () => {
  stage = await Stage.start();
  await storeLayout(stage);
});
afterAll(() => ifMade(stage, (made) => made.stop()));

const stuck = (): Promise<Domain> => stuckDomain(stage, vmId++);
const halfInactive = (): Promise<Domain> => halfInactiveDomain(stage, vmId++);

describe('without a reset', () => {
  test('a stuck VM never migrates again', async () => {
    const domain = await stuck();
    mendPaths(domain);
    expect(await migrateToSink(domain)).toMatchObject({ status: 'failed' });
    await domain.destroy();
  });

  test('a half-inactive VM dies when its guest writes', async () => {
    const domain = await halfInactive();
    letGuestWrite(domain, 1);
    await until(() => !domain.alive(), { what: 'QEMU dies' });
    await until(() => domain.log().includes('BDRV_O_INACTIVE'), { what: 'the log tells why' });
  });

  test('a half-inactive VM dies of the next migration, although its paths are complete', async () => {
    const domain = await halfInactive();
    mendPaths(domain);
    expect((await migrateToSink(domain)).status).toBeUndefined();
    expect(domain.alive()).toBe(false);
  });
});

describe('each remedy', () => {
  test.each(['cont', 'suspend-resume', 'memory', 'gdb', 'auto'])('%s resets a stuck VM', async (strategy) => {
    const domain = await stuck();
    mendPaths(domain);
    const report = await reset(stage, domain.name, '--strategy', strategy);
    expect(report).toMatchObject({ exit: 0, result: 'healed', blockState: 'healthy', attempts: [] });
    expect(report.actions).toMatchObject([
      { strategy: strategy === 'auto' ? 'cont' : strategy, outcome: 'done' },
    ]);
    await expectHealthy(stage, domain);
    await expectMigration(domain);
    await domain.destroy();
  });

  test.each(['cont', 'suspend-resume', 'auto'])('%s resets a half-inactive VM', async (strategy) => {
    const domain = await halfInactive();
    mendPaths(domain);
    expect(await reset(stage, domain.name, '--strategy', strategy)).toMatchObject({
      exit: 0,
      result: 'healed',
    });
    await expectHealthy(stage, domain);
    await expectMigration(domain);
    await domain.destroy();
  });

  test.each(['memory', 'gdb'])('%s refuses a half-inactive VM', async (strategy) => {
    const domain = await halfInactive();
    const report = await reset(stage, domain.name, '--strategy', strategy);
    expect(report).toMatchObject({ exit: 1, result: 'refused', blockState: 'half-inactive' });
    expect(report.what).toContain('INACTIVE');
    await domain.destroy();
  });

  test('nothing is done to a healthy VM', async () => {
    const domain = await quietDomain(stage, vmId++, 1);
    expect(await reset(stage, domain.name)).toMatchObject({ exit: 0, result: 'healthy', actions: [] });
    await domain.destroy();
  });

  test('a dry run changes nothing, and prints the script that an operator can run', async () => {
    const domain = await stuck();
    const report = await reset(stage, domain.name, '--strategy', 'gdb', '--dry-run');
    expect(report).toMatchObject({ exit: 0, result: 'planned', blockState: 'stuck' });
    const commands = report.actions[0]?.commands ?? [];
    expect(await inspect(stage, domain)).toMatchObject({ blockState: 'stuck' });
    const bash = ['bash', '--norc', '-c', commands.join('\n')] as const;
    const { stdout } = await stage.host.succeed(bash, { cwd: '/run/migrate-guard-lab' });
    expect(stdout).toContain('migrate-guard: cleared 1');
    await expectHealthy(stage, domain);
    await domain.destroy();
  });

  test('the configured order applies', async () => {
    const domain = await stuck();
    const config = configure(stage, 'reset: { strategies: [gdb] }');
    const report = await reset(stage, domain.name, '--config', config);
    expect(report.actions).toMatchObject([{ strategy: 'gdb', outcome: 'done' }]);
    await domain.destroy();
  });
});

describe('a paused guest stays paused', () => {
  test('stuck: memory resets it, and the report says why not the others', async () => {
    const domain = await stuck();
    await stage.host.virsh('suspend', domain.name);
    for (const strategy of ['cont', 'suspend-resume']) {
      const refused = await reset(stage, domain.name, '--strategy', strategy);
      expect(refused).toMatchObject({ exit: 1, result: 'refused' });
      expect(refused.what).toContain('would start it');
    }
    const report = await reset(stage, domain.name);
    expect(report.actions).toMatchObject([
      { strategy: 'cont', outcome: 'skipped' },
      { strategy: 'suspend-resume', outcome: 'skipped' },
      { strategy: 'memory', outcome: 'done' },
    ]);
    expect(await domain.state()).toBe('paused');
    mendPaths(domain);
    await stage.host.virsh('resume', domain.name);
    await expectMigration(domain);
    await domain.destroy();
  });

  test('half-inactive: refused with the remedy, whatever the strategy', async () => {
    const domain = await halfInactive();
    await stage.host.virsh('suspend', domain.name);
    for (const strategy of ['auto', 'cont', 'suspend-resume', 'memory', 'gdb']) {
      const report = await reset(stage, domain.name, '--strategy', strategy);
      expect(report).toMatchObject({ exit: 1, result: 'refused', blockState: 'not-resumed', actions: [] });
      expect(report.remedy).toContain(`virsh resume ${domain.name}`);
    }
    expect(await domain.state()).toBe('paused');
    await stage.host.virsh('resume', domain.name);
    await expectHealthy(stage, domain);
    await domain.destroy();
  });
});

describe('while another operation runs', () => {
  test('a migration: refused', async () => {
    const domain = await stuck();
    const migration = await lastingMigration(domain, 'active');
    for (const strategy of ['cont', 'suspend-resume', 'memory', 'gdb', 'auto']) {
      const report = await reset(stage, domain.name, '--strategy', strategy);
      expect(report).toMatchObject({ exit: 1, result: 'refused', blockState: 'stuck' });
      expect(report.what).toContain('a migration is running');
    }
    await migration.cancel();
    expect(await reset(stage, domain.name)).toMatchObject({ exit: 0, result: 'healed' });
    await domain.destroy();
  });

  test('finish-migrate: undecided, and not changed', async () => {
    const domain = await stuck();
    const migration = await lastingMigration(domain, 'pre-switchover');
    expect(await domain.qmp('query-status')).toMatchObject({ status: 'finish-migrate' });
    expect(await inspect(stage, domain)).toMatchObject({ blockState: 'unknown', exit: 2 });
    for (const strategy of ['cont', 'suspend-resume', 'memory', 'gdb']) {
      const report = await reset(stage, domain.name, '--strategy', strategy);
      expect(report).toMatchObject({ exit: 1, result: 'refused' });
    }
    expect(await domain.qmp('query-status')).toMatchObject({ status: 'finish-migrate' });
    await migration.cancel();
    await until(async () => (await domain.state()) === 'running', { what: 'the guest runs again' });
    expect(await reset(stage, domain.name)).toMatchObject({ exit: 0, result: 'healed' });
    await expectHealthy(stage, domain);
    await domain.destroy();
  });

  test.each(['cont', 'suspend-resume', 'memory', 'gdb'])('a block job survives %s', async (strategy) => {
    const domain = await stuck();
    const image = `/var/lib/one/datastores/job-${vmId}.img`;
    writeFileSync(stage.host.path(image), Buffer.alloc(1024 * 1024));
    await stage.host.succeed(['chown', 'oneadmin:oneadmin', image]);
    await domain.qmp('blockdev-add', { driver: 'file', 'node-name': 'copy', filename: image });
    const job = { 'job-id': 'job', device: 'libvirt-1-format', target: 'copy', sync: 'full', speed: 1 };
    await domain.qmp('blockdev-mirror', job);
    expect(await reset(stage, domain.name, '--strategy', strategy)).toMatchObject({
      exit: 0,
      result: 'healed',
    });
    expect(await domain.qmp('query-block-jobs')).toMatchObject([{ device: 'job' }]);
    await expectHealthy(stage, domain);
    await domain.destroy();
  });
});

test('no such domain', async () => {
  expect((await stage.guard('reset', 'one-999999')).exit).toBe(2);
  expect((await stage.guard('reset', 'one-1', '--strategy', 'luck')).exit).toBe(64);
});
