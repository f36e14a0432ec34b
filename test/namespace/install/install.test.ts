import { appendFileSync, chmodSync, lchownSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { MachineTree, oneadmin, onedConf, selected } from '../installation/machine-tree';
import { useTree } from '../installation/use-tree';

const on = useTree();

test('front-end and host: who owns what, and what sudo allows', async () => {
  await on.done('frontend', '--set-vm-mad');
  await on.done('host');
  const owned = on.tree.picture().map((line) => line.split(' ').slice(0, 3).join(' '));
  expect(owned).toEqual(
    expect.arrayContaining([
      'etc/migrate-guard/config.yaml 100644 0:0',
      'etc/migrate-guard/fallback.env 100644 0:0',
      'etc/sudoers.d/migrate-guard 100440 0:0',
      `etc/one/oned.conf 100640 0:${oneadmin}`,
      'usr/lib/migrate-guard/migrate-guard 100755 0:0',
      'usr/sbin/migrate-guard 100755 0:0',
      `var/lib/one/remotes/migrate-guard/plugin.cjs 100644 ${oneadmin}:${oneadmin}`,
      `var/lib/one/remotes/vmm/kvm/migrate-guard 100755 ${oneadmin}:${oneadmin}`,
      'var/lib/migrate-guard/layouts 40755 0:0',
      'var/log/migrate-guard 40750 0:0',
    ]),
  );
  expect(on.tree.read('/etc/sudoers.d/migrate-guard').split('\n').slice(-2)).toEqual([
    'oneadmin ALL=(root) NOPASSWD: NOSETENV: /usr/lib/migrate-guard/migrate-guard host',
    '',
  ]);
  expect(on.tree.read('/etc/one/oned.conf')).toBe(onedConf(selected));
  // OpenNebula's user decides how much is written within a month.
  expect(on.tree.read('/etc/logrotate.d/migrate-guard')).toMatch(/ size 16M\n +rotate 12\n/);
});

test('install, upgrade of OpenNebula, verify, install again, uninstall', async () => {
  await on.done('frontend', '--set-vm-mad');
  await on.done('host');
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
  // The copy of before the upgrade is the admin's.
  rmSync(on.tree.path('/etc/one/oned.conf.before-migrate-guard.1'));
  const stock = new MachineTree();
  stock.layStock('7.0.0');
  stock.write('/etc/one/oned.conf', onedConf('-t 16 kvm'), { mode: 0o640, gid: oneadmin });
  expect(on.tree.picture()).toEqual(stock.picture());
  stock.remove();
});

test('a probe that the site has switched off stays so, until it is switched on again', async () => {
  await on.done('frontend', '--set-vm-mad');
  const probe = '/var/lib/one/remotes/im/kvm-probes.d/vm/monitor/migrate-guard';
  const verified = async (): Promise<[number | null, boolean]> => {
    const { exit, stdout } = await on.install('verify');
    return [exit, stdout.includes(`ok       ${probe} is switched off\n`)];
  };
  chmodSync(on.tree.path(probe), 0o644);
  for (let run = 0; run < 2; run += 1) {
    expect(await verified()).toEqual([0, true]);
    await on.done('frontend');
  }
  on.tree.layStock('7.0.0');
  await on.done('frontend');
  expect(await verified()).toEqual([0, true]);
  chmodSync(on.tree.path(probe), 0o755);
  for (let run = 0; run < 2; run += 1) {
    expect(await verified()).toEqual([0, false]);
    await on.done('frontend');
  }
  for (const mode of [0o777, 0o666]) {
    chmodSync(on.tree.path(probe), mode);
    expect((await verified())[0]).toBe(1);
  }
  chmodSync(on.tree.path(probe), 0o644);
  appendFileSync(on.tree.path(probe), '# changed\n');
  expect(await verified()).toEqual([1, false]);
  await on.done('uninstall');
});

test('a second run changes nothing; a dry run nothing at all; uninstall leaves everything as it was', async () => {
  const before = on.tree.picture();
  for (const role of ['frontend', 'host'] as const) {
    expect(await on.done(role, '--dry-run')).toContain('/usr/lib/migrate-guard/migrate-guard');
    expect(on.tree.picture()).toEqual(before);
  }
  await on.done('frontend', '--set-vm-mad', '--dry-run');
  expect(on.tree.picture()).toEqual(before);
  await on.done('frontend', '--set-vm-mad');
  await on.done('host');
  const installed = on.tree.picture();
  expect(await on.done('frontend', '--set-vm-mad')).not.toMatch(/^(file|directory|edited) /m);
  expect(await on.done('host')).not.toMatch(/^(file|directory) /m);
  expect(on.tree.picture()).toEqual(installed);
  expect(await on.done('uninstall', '--dry-run')).toContain('/etc/sudoers.d/migrate-guard');
  expect(on.tree.picture()).toEqual(installed);
  await on.done('uninstall');
  expect(on.tree.picture()).toEqual(before);
});

test('one half goes, and the other stays whole; what both share goes with the last', async () => {
  const before = on.tree.picture();
  await on.done('frontend');
  const frontEnd = on.tree.picture();
  await on.done('host');
  expect(await on.done('uninstall', 'host', '--dry-run')).not.toContain('/usr/sbin/migrate-guard');
  await on.done('uninstall', 'host');
  expect(on.tree.picture()).toEqual(frontEnd);
  expect(await on.done('uninstall', 'host')).toBe('nothing to do: no agent is installed on this machine\n');
  expect(on.tree.picture()).toEqual(frontEnd);
  await on.done('host');
  await on.done('uninstall', 'frontend');
  expect((await on.install('verify')).exit).toBe(0);
  await on.done('uninstall', 'host');
  expect(on.tree.picture()).toEqual(before);
  expect(await on.done('uninstall', 'host')).toContain('nothing to do: ');
});

test('--check tells what a machine lacks, and changes nothing', async () => {
  const before = on.tree.picture();
  for (const connection of ['frontend', 'host'] as const)
    expect(await on.done(connection, '--check')).toBe('');
  on.tree.write('/etc/passwd', 'root:x:0:0::/:/bin/sh\n');
  expect((await on.install('host', '--check')).stderr).toContain('the user oneadmin does not exist\n  -> ');
  on.tree.write('/etc/passwd', `root:x:0:0::/:/bin/sh\noneadmin:x:${oneadmin}:${oneadmin}::/:/bin/sh\n`);
  rmSync(on.tree.path('/etc/sudoers.d'), { recursive: true });
  expect((await on.install('host', '--check')).exit).toBe(1);
  rmSync(on.tree.path('/var/lib/one/remotes/VERSION'));
  expect((await on.install('frontend', '--check')).exit).toBe(1);
  const changed = ['etc/passwd', 'etc/sudoers.d', 'var/lib/one/remotes/VERSION'];
  const others = (lines: readonly string[]): string[] =>
    lines.filter((line) => !changed.some((path) => line.startsWith(`${path} `)));
  expect(others(on.tree.picture())).toEqual(others(before));
});

test('directories of the system that are links elsewhere: installed there, and uninstalled again', async () => {
  on.tree.moveBehindLink('/var/log', '../data/log');
  on.tree.moveBehindLink('/usr/sbin', 'bin');
  on.tree.moveBehindLink('/usr/lib', 'lib64');
  on.tree.moveBehindLink('/var/lib/one', '../../srv/one');
  on.tree.moveBehindLink('/srv/one/remotes', '../remotes');
  lchownSync(on.tree.path('/srv/one/remotes'), oneadmin, oneadmin);
  const before = on.tree.picture();
  for (const connection of ['frontend', 'host'] as const) {
    expect(await on.done(connection, '--check')).toBe('');
    expect(await on.done(connection, '--dry-run')).not.toMatch(
      /^directory {2}\/(var\/log|usr\/sbin|var\/lib\/one) /m,
    );
    expect(on.tree.picture()).toEqual(before);
  }
  await on.done('frontend', '--set-vm-mad');
  await on.done('host');
  expect(on.tree.list('')).toEqual(
    expect.arrayContaining([
      'data/log/migrate-guard',
      'usr/bin/migrate-guard',
      'srv/remotes/vmm/kvm/save-guard',
    ]),
  );
  expect((await on.install('verify')).exit).toBe(0);
  expect(await on.done('host')).not.toMatch(/^(file|directory) /m);
  await on.done('uninstall');
  expect(on.tree.picture()).toEqual(before);
});

test('the installed copy verifies and uninstalls without the source tree', async () => {
  const before = on.tree.picture();
  await on.done('frontend', '--set-vm-mad');
  const installed = on.source.at(on.tree.path('/usr/lib/migrate-guard'));
  expect((await installed.install('verify', '--root', on.tree.root)).exit).toBe(0);
  expect((await installed.install('frontend', '--root', on.tree.root)).stderr).toContain(
    'only verify and uninstall',
  );
  expect((await installed.install('uninstall', '--root', on.tree.root)).exit).toBe(0);
  expect(on.tree.picture()).toEqual(before);
});

test('an empty tree, as a package is made in, gets what a host needs and nothing else', async () => {
  for (const path of ['usr', 'var', 'etc/one', 'etc/logrotate.d'])
    rmSync(on.tree.path(path), { recursive: true });
  const before = on.tree.picture();
  await on.done('host');
  expect(on.tree.list('').filter((path) => path.includes('migrate-guard/'))).toEqual([
    'etc/migrate-guard/config.yaml',
    'etc/migrate-guard/fallback.env',
    'usr/lib/migrate-guard/agent.cjs',
    'usr/lib/migrate-guard/install.sh',
    'usr/lib/migrate-guard/installation.cjs',
    'usr/lib/migrate-guard/licenses.txt',
    'usr/lib/migrate-guard/migrate-guard',
    'var/lib/migrate-guard/layouts',
    'var/lib/migrate-guard/manifest',
  ]);
  await on.done('uninstall');
  expect(on.tree.picture()).toEqual(before);
});

describe('verify tells', () => {
  const start = '/var/lib/one/remotes/migrate-guard/start.sh';
  const [sudoers, program] = ['/etc/sudoers.d/migrate-guard', '/usr/lib/migrate-guard/migrate-guard'];
  const manifest = '/var/lib/migrate-guard/manifest';
  const toLink = (path: string): void => {
    rmSync(on.tree.path(path));
    symlinkSync('/etc/passwd', on.tree.path(path));
  };
  test.each([
    [
      'a changed script',
      () => appendFileSync(on.tree.path(start), '#'),
      `${start} is not as it was installed`,
    ],
    ['a missing one', () => rmSync(on.tree.path(start)), `${start} is missing`],
    ['a link instead', () => toLink(start), `${start} is no longer a regular file`],
    ['a mode', () => on.tree.write(sudoers, '', { mode: 0o666 }), `${sudoers} has mode 666 instead of 440`],
    [
      'an owner',
      () => on.tree.write(program, '', { uid: oneadmin }),
      `${program} belongs to 9869:9869 instead of 0:0`,
    ],
    [
      'VM_MAD',
      () => on.tree.write('/etc/one/oned.conf', onedConf()),
      'does not select migrate-guard and save-guard',
    ],
    ['a malformed manifest', () => on.tree.write(manifest, 'x'), 'line 1 of the manifest is malformed'],
    ['nothing installed', () => rmSync(on.tree.path(manifest)), 'was not installed here by install.sh'],
  ])('%s, and installing again mends it', async (_, harm, what) => {
    await on.done('frontend', '--set-vm-mad');
    await on.done('host');
    harm();
    const { exit, stdout } = await on.install('verify');
    expect(exit).toBe(1);
    expect(stdout).toContain(what);
    if (what.includes('manifest') || what.includes('no longer')) return;
    await on.done('frontend', '--set-vm-mad');
    await on.done('host');
    expect((await on.install('verify')).exit).toBe(0);
  });
});

test('what the admin has changed or made stays: configuration, logs, layouts; changed scripts go, and it says so', async () => {
  await on.done('frontend');
  await on.done('host');
  appendFileSync(on.tree.path('/etc/migrate-guard/config.yaml'), 'hooks:\n  retry: true\n');
  on.tree.write('/var/log/migrate-guard/host.log', 'a log');
  on.tree.write('/var/lib/one/migrate-guard/310.json', '{}');
  appendFileSync(on.tree.path('/var/lib/one/remotes/vmm/kvm/migrate-guard'), '# changed\n');
  expect(await on.done('frontend')).toContain('kept       /etc/migrate-guard/config.yaml');
  appendFileSync(on.tree.path('/var/lib/one/remotes/vmm/kvm/migrate-guard'), '# changed\n');
  const said = await on.done('uninstall');
  expect(said).toContain('left       /etc/migrate-guard/config.yaml: it was changed');
  expect(said).toContain('left       /var/log/migrate-guard: it is not empty');
  expect(said).toContain('left       /var/lib/one/migrate-guard: it is not empty');
  expect(said).toContain('removed    /var/lib/one/remotes/vmm/kvm/migrate-guard, although it was changed');
  const left = on.tree.list('').filter((path) => path.includes('migrate-guard'));
  expect(left).toEqual([
    'etc/migrate-guard',
    'etc/migrate-guard/config.yaml',
    'var/lib/one/migrate-guard',
    'var/lib/one/migrate-guard/310.json',
    'var/log/migrate-guard',
    'var/log/migrate-guard/host.log',
  ]);
});

test('what scripts have to know without Node is written again when the configuration was changed', async () => {
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
  // What is wrong in it is not guessed, and what was made of another one is not believed.
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

test('what a newer release has no more is removed', async () => {
  const older = on.source.copy();
  writeFileSync(older.file('remotes/tm/migrate-guard/old/script'), '#!/bin/sh\n');
  expect((await older.install('frontend', '--root', on.tree.root)).exit).toBe(0);
  older.remove();
  const old = 'var/lib/one/remotes/tm/migrate-guard/old';
  expect(on.tree.list('')).toContain(`${old}/script`);
  await on.done('frontend');
  expect(on.tree.list('').filter((path) => path.startsWith(old))).toEqual([]);
});
