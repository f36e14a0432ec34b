import { chownSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { onedConf } from './installation/machine-tree';
import { useTree } from './installation/use-tree';

const on = useTree();

describe('refused, with the remedy, and without any change', () => {
  const remotes = '/var/lib/one/remotes';
  test.each([
    [
      'no front-end',
      'frontend',
      () => rmSync(on.tree.path(remotes), { recursive: true }),
      'this is no OpenNebula front-end',
    ],
    [
      'OpenNebula of unknown version',
      'frontend',
      () => rmSync(on.tree.path(`${remotes}/VERSION`)),
      'unknown version',
    ],
    [
      'OpenNebula 5',
      'frontend',
      () => on.tree.write(`${remotes}/VERSION`, '5.12.0'),
      'OpenNebula 5.12.0 is not known',
    ],
    [
      'no oneadmin',
      'host',
      () => on.tree.write('/etc/passwd', 'root:x:0:0::/:/bin/sh\n'),
      'there is no user oneadmin',
    ],
    [
      'oneadmin is root',
      'host',
      () => on.tree.write('/etc/passwd', 'oneadmin:x:0:0::/:/bin/sh\n'),
      'oneadmin is root',
    ],
    [
      'no sudoers.d',
      'host',
      () => rmSync(on.tree.path('/etc/sudoers.d'), { recursive: true }),
      '/etc/sudoers.d is not there',
    ],
    [
      'an odd user',
      'host',
      () => on.tree.write('/etc/migrate-guard/config.yaml', 'ssh:\n  user: A:B\n'),
      'is no user name: A:B',
    ],
    [
      'a user that nobody can tell',
      'host',
      () => on.tree.write('/etc/migrate-guard/config.yaml', 'ssh: &site { user: oneadmin }\n'),
      'ssh.user cannot be understood',
    ],
    [
      'a user that is not there',
      'host',
      () => on.tree.write('/etc/migrate-guard/config.yaml', 'ssh: { deadline: 5, user: "cloud" } # ours\n'),
      'there is no user cloud',
    ],
    [
      "a file of another's",
      'frontend',
      () => on.tree.write(`${remotes}/vmm/kvm/save-guard`, 'x'),
      'does not belong to migrate-guard',
    ],
    [
      'a link in the way',
      'frontend',
      () => symlinkSync('/etc', on.tree.path(`${remotes}/migrate-guard`)),
      'it is no plain directory',
    ],
    [
      'a directory in the way',
      'host',
      () => mkdirSync(on.tree.path('/usr/sbin/migrate-guard')),
      'it is no plain file',
    ],
    [
      'a directory of OpenNebula that belongs to root',
      'frontend',
      () => chownSync(on.tree.path(`${remotes}/vmm/kvm`), 0, 0),
      '/var/lib/one/remotes/vmm/kvm cannot be written by oneadmin',
    ],
    ['no KVM driver', 'frontend', () => on.tree.write('/etc/one/oned.conf', ''), 'no VM_MAD is named "kvm"'],
    [
      'two KVM drivers',
      'frontend',
      () => on.tree.write('/etc/one/oned.conf', onedConf() + onedConf()),
      'more than one VM_MAD',
    ],
  ])('%s', async (_, role, harm, what) => {
    harm();
    const before = on.tree.picture();
    const { exit, stderr } = await on.install(role);
    expect(exit).toBe(1);
    expect(stderr).toContain(what);
    expect(stderr).toMatch(/\n {2}-> ./);
    expect(on.tree.picture()).toEqual(before);
  });

  test('nothing is installed', async () => {
    expect(await on.install('uninstall')).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining('nothing is installed') as string,
    });
  });

  test('it is not built', async () => {
    const unbuilt = on.source.copy();
    rmSync(unbuilt.file('dist/plugin.cjs'));
    const { exit, stderr } = await unbuilt.install('host', '--root', on.tree.root);
    unbuilt.remove();
    expect(exit).toBe(1);
    expect(stderr).toContain('npm ci && npm run build');
  });

  test.each([
    [[]],
    [['frontend', 'host']],
    [['verify', 'host']],
    [['uninstall', 'host', 'frontend']],
    [['uninstall', 'host', '--check']],
    [['host', '--set-vm-mad']],
    [['host', '--nonsense']],
    [['host', '--root']],
  ])('the command line %j', async (argv) => expect((await on.source.install(...argv)).exit).toBe(64));
});
