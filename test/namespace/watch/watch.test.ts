import { existsSync, writeFileSync } from 'node:fs';
import { startTimeOf } from '../../../src/os/process-start-time';
import { asService } from '../../support/watch-unit';
import { logDirectory, until, useStage } from '../harness';
import { LinkedVm } from './linked-vm';
import { RunningWatcher } from './running-watcher';

const on = useStage({ volumes: 2 });
let watcher: RunningWatcher | undefined;

afterEach(() => watcher?.end());

async function verdicts(): Promise<string[]> {
  return (await on.stage.check('--all')).domains.map(({ verdict }) => verdict);
}

test('after an update re-points every link the QEMUs have the new paths, also after its directory was replaced', async () => {
  const vms = [await LinkedVm.start(on, 1), await LinkedVm.start(on, 2), await LinkedVm.start(on, 3)];
  watcher = RunningWatcher.start(on.stage, on.stage.configuration, asService());
  const safe = { 'one-1': 'safe', 'one-2': 'safe', 'one-3': 'safe' };
  await watcher.verdicts(safe);

  for (const [index, vm] of vms.entries()) vm.rePoint(`/dev/storpool-byid/${index}`);
  for (const name of Object.keys(safe))
    await watcher.says(`${name}: repaired: make directory /dev/storpool-byid`);
  expect(await verdicts()).toEqual(['safe', 'safe', 'safe']);

  // The watches of what was removed are dead.
  on.stage.host.remove('/dev/storpool-byid');
  for (const [index, vm] of vms.entries()) vm.rePoint(`/dev/storpool-byid/again-${index}`);
  for (const index of vms.keys()) await watcher.says(`make link /dev/storpool-byid/again-${index} -> ../sp-`);
  expect(await verdicts()).toEqual(['safe', 'safe', 'safe']);
  expect((await watcher.verdicts(safe)).repaired).toBe(6);
  expect(await watcher.end()).toBe(0);
});

test('another device is reported once and never repaired; VMs come and go; mounts are noticed', async () => {
  const [good, bad] = [await LinkedVm.start(on, 1), await LinkedVm.start(on, 2)];
  watcher = RunningWatcher.start(on.stage);
  await watcher.verdicts({ 'one-1': 'safe', 'one-2': 'safe' });

  await on.stage.host.node('/dev/sp-other', 'b', on.volume(1).rdev, { uid: 9869 });
  bad.rePoint('/dev/storpool-byid/other', '/dev/sp-other');
  await watcher.says('one-2: blocked: vda /mnt/one/datastores/0/2/disk.0: ');
  good.rePoint('/dev/storpool-byid/1');
  await watcher.says('one-1: repaired: ');
  await LinkedVm.start(on, 3);
  await watcher.verdicts({ 'one-1': 'safe', 'one-2': 'blocked', 'one-3': 'safe' });
  on.stage.host.remove('/mnt/libvirt/one-3.xml');
  await watcher.verdicts({ 'one-1': 'safe', 'one-2': 'blocked' });

  expect(watcher.output.split('\n').filter((line) => line.startsWith('one-2: '))).toHaveLength(1);

  on.stage.host.mount('-t', 'tmpfs', 'tmpfs', '/mnt/one/datastores');
  await watcher.says('one-1: blocked: ');
  on.stage.host.inside('umount', '/mnt/one/datastores');
  await watcher.says('one-1: safe again');

  on.stage.host.remove(logDirectory);
  await watcher.says(`${logDirectory} cannot be watched, and is tried again`);
  await watcher.sees('no logs', ({ logs }) => !logs);
});

test('a directory in which files are written to all the time is polled, and its links still count', async () => {
  const vm = await LinkedVm.start(on, 1);
  watcher = RunningWatcher.start(on.stage);
  await watcher.verdicts({ 'one-1': 'safe' });
  // As beside a file disk, and in /dev, where kernels before 6.13 report each write to /dev/null.
  const directory = vm.disk.path.slice(0, vm.disk.path.lastIndexOf('/'));
  for (let writes = 0; writes < 20; writes += 1)
    for (const name of ['disk.1', 'disk.2']) writeFileSync(on.stage.host.path(`${directory}/${name}`), 'x');
  await watcher.sees('that a directory is noisy', ({ directories }) => directories.polled === 1);

  on.stage.host.link('/dev/byid', 'storpool');
  on.stage.host.remove(vm.disk.path);
  on.stage.host.link(vm.disk.path, '/dev/byid/one-1-disk-0');
  await watcher.says('one-1: repaired: make link /dev/byid -> storpool');
});

test('with watch.repair: false it only reports; a VM that another works on is repaired after it', async () => {
  const vm = await LinkedVm.start(on, 1);
  const settings =
    'libvirt: { state_directory: /mnt/libvirt, log_directory: /mnt/logs }\nwatch: { repair: no }\n';
  on.stage.host.file('/mnt/report.yaml', settings, { mode: 0o644 });
  watcher = RunningWatcher.start(on.stage, ['--config', '/mnt/report.yaml']);
  await watcher.verdicts({ 'one-1': 'safe' });
  vm.rePoint('/dev/storpool-byid/1');
  await watcher.says('one-1: repairable: vda /mnt/one/datastores/0/1/disk.0: ');
  await watcher.says('-> migrate-guard repair one-1');
  const once = await on.stage.run(['watch', '--once', '--config', '/mnt/report.yaml', '--json']);
  expect([once.exit, (JSON.parse(once.stdout) as { domains: object[] }).domains]).toMatchObject([
    1,
    [{ verdict: 'repairable' }],
  ]);
  expect(await watcher.end('SIGINT')).toBe(0);

  const lock = '/run/migrate-guard/one-1.lock';
  on.stage.host.directory(lock, { mode: 0o700 });
  const held = `${process.pid}-${startTimeOf(process.pid) ?? 0}.held`;
  on.stage.host.file(`${lock}/${held}`);
  watcher = RunningWatcher.start(on.stage);
  await watcher.sees('a VM that is locked', ({ domains, directories }) => {
    return directories.events > 0 && domains['one-1']?.verdict === 'undecided';
  });
  expect(await verdicts()).toEqual(['repairable']);
  on.stage.host.remove(`${lock}/${held}`);
  await watcher.says('one-1: repaired: ');

  // What was seen before is not said to be true any more.
  await watcher.sees('that nothing is pending', ({ domains }) => domains['one-1']?.pending === false);
  on.stage.host.file(`${lock}/${held}`);
  vm.rePoint('/dev/storpool-byid/again');
  await watcher.sees('that the VM has to be looked at again', ({ domains }) => {
    return domains['one-1']?.pending === true && domains['one-1'].verdict === 'safe';
  });
  expect(await verdicts()).toEqual(['repairable']);
});

test('one watcher for a host; --status of one that runs, that was killed, and of none; --once repairs', async () => {
  const vm = await LinkedVm.start(on, 1);
  const status = (): Promise<unknown> =>
    on.stage.run(['watch', '--status']).then(({ exit, stdout, stderr }) => [exit, stdout + stderr]);
  expect(await status()).toEqual([1, expect.stringContaining('no watcher has run on this host')]);

  watcher = RunningWatcher.start(on.stage);
  await watcher.verdicts({ 'one-1': 'safe' });
  expect(await status()).toEqual([0, expect.stringContaining('watches 1 VMs')]);
  const second = await on.stage.run(['watch', ...on.stage.configuration]);
  expect([second.exit, second.stderr]).toEqual([
    5,
    expect.stringContaining('another process watches this host'),
  ]);
  await watcher.end('SIGKILL');
  expect(await status()).toEqual([1, expect.stringContaining('does not run any more')]);

  vm.rePoint('/dev/storpool-byid/1');
  const once = await on.stage.run(['watch', '--once', ...on.stage.configuration]);
  expect([once.exit, once.stdout]).toEqual([0, expect.stringContaining('repaired, and every disk opens')]);
  expect(await verdicts()).toEqual(['safe']);
  expect((await on.stage.run(['watch', '--once', '--status'])).exit).toBe(64);
  expect((await on.stage.run(['watch', '--json'])).exit).toBe(64);
  expect((await on.stage.run(['watch', ...on.stage.configuration], { uid: 9869 })).exit).toBe(77);
});

test('a repair that fails is reported with its reason, and stops no other repair', async () => {
  const [full, other] = [await LinkedVm.start(on, 1), await LinkedVm.start(on, 2)];
  full.qemu.tree.mount('-o', 'remount,ro', '/dev');
  watcher = RunningWatcher.start(on.stage);
  await watcher.verdicts({ 'one-1': 'safe', 'one-2': 'safe' });
  full.rePoint('/dev/storpool-byid/1');
  other.rePoint('/dev/storpool-byid/2');
  await watcher.says('one-2: repaired: ');
  await watcher.verdicts({ 'one-1': 'blocked', 'one-2': 'safe' });
  expect(watcher.output).toContain(
    "one-1: blocked: one-1: /dev/storpool-byid could not be made in QEMU's mount",
  );
  expect(watcher.output).toContain('the file system is mounted read-only');
});

test('SIGTERM in the middle of a repair: it is carried out, and the exit status is 0', async () => {
  const vm = await LinkedVm.start(on, 1);
  watcher = RunningWatcher.start(on.stage);
  await watcher.verdicts({ 'one-1': 'safe' });
  // mknod(1) waits, in the stage's own mount namespace.
  const { host } = on.stage;
  host.inside('cp', '/usr/bin/mknod', '/mnt/real-mknod');
  host.file('/mnt/mknod', '#!/bin/sh\n: >/mnt/began\nread -r go </mnt/go\nexec /mnt/real-mknod "$@"\n', {
    mode: 0o755,
  });
  host.inside('mkfifo', '/mnt/go');
  host.mount('--bind', '/mnt/mknod', '/usr/bin/mknod');
  await host.node('/dev/sp-new', 'b', on.volume(0).rdev, { uid: 9869 });
  // With it, the new node would be a hard link of it.
  vm.qemu.tree.remove(vm.disk.node);
  vm.rePoint('/dev/storpool-byid/1', '/dev/sp-new');

  await until(() => existsSync(host.path('/mnt/began')), {
    what: 'mknod is started',
    evidence: () => watcher?.output,
  });
  const ended = watcher.end();
  host.inside('sh', '-c', 'echo go >/mnt/go');
  expect(await ended).toBe(0);
  expect(watcher.output).toContain('one-1: repaired: ');
  host.inside('umount', '/usr/bin/mknod');
  expect(await verdicts()).toEqual(['safe']);
});
