import { mkdirSync, readFileSync, rmSync, truncateSync, watch, writeFileSync } from 'node:fs';
import { parseStartTime } from '../../../src/os/model/process-status';
import { HostWatcher, letRepair, relinkDisk, until, type Domain } from '../../lab/harness';
import { ifMade } from '../../support/if-made';
import { lastingMigration } from '../block-state/endless-migration';
import {
  configure,
  expectMigration,
  expectWrites,
  failMigration,
  halfInactiveDomain,
  inspect,
  libvirtd,
  quietDomain,
  storeLayout,
} from '../block-state/reset-testbed';
import { diskOf, Stage } from '../qemu-stage';

// What migrate-guard watch does about failed hand-overs of migrations that no guard ordered.

let stage: Stage;
let watcher: HostWatcher | undefined;

beforeAll(async () => {
  stage = await Stage.start();
});
afterEach(async () => {
  await watcher?.end();
  watcher = undefined;
});
afterAll(() => ifMade(stage, (made) => made.stop()));

/** The path of its second disk breaks, and a migration fails. */
async function failWatched(domain: Domain): Promise<void> {
  await letRepair(domain, false);
  await failMigration(domain, [1]);
}

async function sees(domain: Domain, blockState: string): Promise<void> {
  await watcher?.sees(`${domain.name} ${blockState}`, ({ domains }) => {
    return domains[domain.name]?.blockState === blockState;
  });
}

/** A process of the host holds the domain's lock, as a guard does. @returns a function that releases it */
async function lock(domain: Domain): Promise<() => void> {
  const pid = await libvirtd(stage);
  const start = parseStartTime(readFileSync(stage.host.path(`/proc/${pid}/stat`), 'utf8'));
  const directory = stage.host.path(`/run/migrate-guard/${domain.name}.lock`);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const claim = `${directory}/${pid}-${start}.held`;
  writeFileSync(claim, '');
  return () => rmSync(claim);
}

test('QEMU 7.2.0, half-inactive before the watcher starts: with repair: no only reported; --once heals it', async () => {
  await storeLayout(stage);
  const domain = await halfInactiveDomain(stage, 700);
  const only = configure(stage, 'watch: { repair: no }');
  watcher = await HostWatcher.start(stage.host, ['--config', only]);
  await sees(domain, 'half-inactive');
  await watcher.says('one-700: blocked: ');
  expect(await watcher.end()).toBe(0);
  watcher = undefined;
  expect(await inspect(stage, domain)).toMatchObject({ blockState: 'half-inactive' });

  const once = await stage.report('watch', '--once');
  expect(once).toMatchObject({ domain: 'one-700', exit: 0, blockState: 'healthy' });
  await expectWrites(domain);
  await domain.destroy();
});

test('QEMU 7.2.0, at once: also where the log was truncated, and without a layout; then the path, and it migrates', async () => {
  const blind = configure(stage, 'reset: { layout_directory: /nonexistent }');
  const domain = await quietDomain(stage, 701, 2);
  watcher = await HostWatcher.start(stage.host, ['--config', blind]);
  // As logrotate does where virtlogd is disabled.
  truncateSync(stage.host.path('/var/log/libvirt/qemu/one-701.log'));
  await failWatched(domain);
  await watcher.says('one-701: disks given back to QEMU by cont');
  await sees(domain, 'healthy');
  expect(await inspect(stage, domain)).toMatchObject({ blockState: 'healthy' });
  await expectWrites(domain);

  await letRepair(domain, true);
  relinkDisk(domain, 1, 'again');
  await watcher.says('one-701: repaired: ');
  await expectMigration(domain);
  expect(watcher.output.match(/given back/g)).toHaveLength(1);
  await domain.destroy();
});

test('Debian’s QEMU takes its disks back by itself, and the order does no harm', async () => {
  const domain = await quietDomain(stage, 702, 2, { emulator: 'debian' });
  watcher = await HostWatcher.start(stage.host);
  await failWatched(domain);
  await watcher.says('one-702: disks given back to QEMU by cont');
  await sees(domain, 'healthy');
  await expectWrites(domain);
  await domain.destroy();
});

test('the lock of a guard wins; after its end the watcher gives the disks back', async () => {
  const domain = await quietDomain(stage, 703, 2);
  watcher = await HostWatcher.start(stage.host);
  const { pid } = await watcher.sees('itself', () => true);
  // Its path leads to another volume: there is nothing to repair, for which the watcher would take the lock, too.
  domain.host.link(relinkDisk(domain, 1), `../${diskOf(domain, 0).volume.name}`);
  await watcher.says('one-703: blocked: ');
  const release = await lock(domain);
  const tries = watch(stage.host.path('/run/migrate-guard/one-703.lock'));
  let hasTried = false;
  tries.on('change', (_, name) => {
    hasTried ||= String(name).startsWith(`${pid}-`);
  });
  await failMigration(domain, []);
  await until(() => hasTried, { what: 'the watcher tries to take the lock' });
  tries.close();
  expect(await inspect(stage, domain)).toMatchObject({ blockState: 'half-inactive' });
  release();
  await watcher.says('one-703: disks given back to QEMU by cont');
  await expectWrites(domain);
  await domain.destroy();
});

test('a guest that post-copy left paused, while its disks may be used elsewhere, is left alone', async () => {
  const domain = await quietDomain(stage, 704, 2);
  watcher = await HostWatcher.start(stage.host);
  await letRepair(domain, false);
  relinkDisk(domain, 1);
  const migration = await lastingMigration(domain, 'active', true);
  await domain.qmp('migrate-start-postcopy');
  await migration.failed();
  await domain.untilLogged('postcopy failed to start');
  await sees(domain, 'not-resumed');
  expect(await domain.qmp('query-status')).toMatchObject({ status: 'postmigrate' });
  expect(watcher.output).not.toContain('given back');
  await domain.host.virsh('resume', domain.name);
  await expectWrites(domain);
  await domain.destroy();
});
