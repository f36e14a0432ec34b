import { appendFileSync, chmodSync, rmSync, symlinkSync } from 'node:fs';
import { MachineTree, oneadmin, onedConf } from '../installation/machine-tree';
import { useTree } from '../installation/use-tree';

const on = useTree();

test('install, upgrade of OpenNebula, verify, install again, uninstall', async () => {
  await on.installed(['frontend', '--set-vm-mad'], ['host']);
  expect((await on.install('verify')).exit).toBe(0);
  on.tree.layStock('7.0.0');
  on.tree.write('/etc/one/oned.conf', onedConf('-t 16 kvm'), { mode: 0o640, gid: oneadmin });
  const upgraded = await on.install('verify');
  expect(upgraded.exit).toBe(1);
  for (const script of ['vmm/kvm/migrate-guard', 'vmm/kvm/save-guard', 'migrate-guard/plugin.cjs'])
    expect(upgraded.stdout).toContain(
      `/var/lib/one/remotes/${script} is missing\n         -> install.sh frontend\n`,
    );
  expect(upgraded.stdout).toContain(
    'VM_MAD in /etc/one/oned.conf does not select migrate-guard and save-guard',
  );
  expect(upgraded.stdout).not.toContain('/etc/sudoers.d');

  await on.done('frontend', '--set-vm-mad');
  expect((await on.install('verify')).exit).toBe(0);
  await on.done('uninstall');
  // The copy from before the upgrade belongs to the admin.
  rmSync(on.tree.path('/etc/one/oned.conf.before-migrate-guard.1'));
  const stock = new MachineTree();
  stock.layStock('7.0.0');
  stock.write('/etc/one/oned.conf', onedConf('-t 16 kvm'), { mode: 0o640, gid: oneadmin });
  expect(on.tree.picture()).toEqual(stock.picture());
  stock.remove();
});

test('a probe that the site has disabled stays so, until it is enabled again', async () => {
  await on.installed(['frontend', '--set-vm-mad'], ['host']);
  const probe = '/var/lib/one/remotes/im/kvm-probes.d/vm/monitor/migrate-guard';
  const verified = async (): Promise<[number | null, boolean]> => {
    const { exit, stdout } = await on.install('verify');
    return [exit, stdout.includes(`ok       ${probe} is switched off\n`)];
  };
  chmodSync(on.tree.path(probe), 0o644);
  expect(await verified()).toEqual([0, true]);
  await on.done('frontend');
  expect(await verified()).toEqual([0, true]);
  on.tree.layStock('7.0.0');
  await on.done('frontend');
  expect(await verified()).toEqual([0, true]);
  chmodSync(on.tree.path(probe), 0o755);
  expect(await verified()).toEqual([0, false]);
  await on.done('frontend');
  expect(await verified()).toEqual([0, false]);
  for (const mode of [0o777, 0o666]) {
    chmodSync(on.tree.path(probe), mode);
    expect((await verified())[0]).toBe(1);
  }
  chmodSync(on.tree.path(probe), 0o644);
  appendFileSync(on.tree.path(probe), '# changed\n');
  expect(await verified()).toEqual([1, false]);
  await on.done('uninstall');
});

test('verify lists what was changed, and a second installation repairs it', async () => {
  await on.installed(['frontend', '--set-vm-mad'], ['host']);
  const shared = '/var/lib/one/remotes/migrate-guard';
  const [sudoers, program] = ['/etc/sudoers.d/migrate-guard', '/usr/lib/migrate-guard/migrate-guard'];
  appendFileSync(on.tree.path(`${shared}/start.sh`), '#');
  rmSync(on.tree.path(`${shared}/run-mover.sh`));
  on.tree.write(sudoers, '', { mode: 0o666 });
  on.tree.write(program, '', { uid: oneadmin });
  on.tree.write('/etc/one/oned.conf', onedConf());
  const { exit, stdout } = await on.install('verify');
  expect(exit).toBe(1);
  for (const problem of [
    `${shared}/start.sh is not as it was installed`,
    `${shared}/run-mover.sh is missing`,
    `${sudoers} has mode 666 instead of 440`,
    `${program} belongs to 9869:9869 instead of 0:0`,
    'does not select migrate-guard and save-guard',
  ])
    expect(stdout).toContain(problem);
  await on.done('frontend', '--set-vm-mad');
  await on.done('host');
  expect((await on.install('verify')).exit).toBe(0);
});

test('verify names a link in place of a file, and a manifest that is malformed or missing', async () => {
  await on.installed(['frontend', '--set-vm-mad'], ['host']);
  const start = '/var/lib/one/remotes/migrate-guard/start.sh';
  const manifest = '/var/lib/migrate-guard/manifest';
  const expectProblem = async (what: string): Promise<void> => {
    const { exit, stdout } = await on.install('verify');
    expect([exit, stdout]).toEqual([1, expect.stringContaining(what)]);
  };
  rmSync(on.tree.path(start));
  symlinkSync('/etc/passwd', on.tree.path(start));
  await expectProblem(`${start} is no longer a regular file`);
  on.tree.write(manifest, 'x');
  await expectProblem('line 1 of the manifest is malformed');
  rmSync(on.tree.path(manifest));
  await expectProblem('was not installed here by install.sh');
});

test('the settings that scripts need without Node are written again after a change of the configuration', async () => {
  const config = '/etc/migrate-guard/config.yaml';
  const reported = (): string[] => on.tree.read('/etc/migrate-guard/fallback.env').split('\n').slice(2);
  await on.done('host');
  expect(reported()).toEqual([
    'SSH_USER=oneadmin',
    'OPENNEBULA_MIGRATE=migrate',
    'OPENNEBULA_SAVE=save',
    'POLICY_WHEN_GUARD_FAILS=run-mover',
    '',
  ]);
  on.tree.write(config, 'policy: { when_guard_fails: refuse }\n');
  const stale = await on.install('verify');
  expect([stale.exit, stale.stdout]).toEqual([
    1,
    expect.stringContaining(
      `fallback.env is not what ${config} says: without Node nothing is moved\n         -> run migrate-guard doctor`,
    ),
  ]);
  await on.done('host');
  expect(reported()).toContain('POLICY_WHEN_GUARD_FAILS=refuse');
  expect((await on.install('verify')).exit).toBe(0);
  // A wrong value is not guessed, and values of another configuration are not used.
  on.tree.write(config, 'policy: { when_guard_fails: perhaps }\n');
  const { exit, stderr } = await on.install('host');
  expect([exit, stderr]).toEqual([
    1,
    expect.stringMatching(/config.yaml: policy.when_guard_fails: Invalid /),
  ]);
  on.tree.write(config, 'policy: { when_guard_fails: refuse }\nreset: { gdb_deadlin: 7 }\n');
  await on.done('host');
  expect(reported()).toContain('POLICY_WHEN_GUARD_FAILS=refuse');
});
