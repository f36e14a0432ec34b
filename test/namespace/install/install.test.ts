import { lchownSync, rmSync } from 'node:fs';
import { oneadmin, onedConf, selected } from '../installation/machine-tree';
import { useTree } from '../installation/use-tree';

const on = useTree();

test('front-end and host: owners and modes, and what sudo allows', async () => {
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
  // OpenNebula's user determines how much is written within a month.
  expect(on.tree.read('/etc/logrotate.d/migrate-guard')).toMatch(/ size 16M\n +rotate 12\n/);
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

test('--check reports what a machine lacks, and changes nothing', async () => {
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
    'usr/lib/migrate-guard/migrate-guard.cjs',
    'usr/lib/migrate-guard/plugin.cjs',
    'var/lib/migrate-guard/layouts',
    'var/lib/migrate-guard/manifest',
  ]);
  await on.done('uninstall');
  expect(on.tree.picture()).toEqual(before);
});
