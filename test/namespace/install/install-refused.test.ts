import { chmodSync, chownSync, lchownSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { oneadmin, onedConf } from '../installation/machine-tree';
import { useTree } from '../installation/use-tree';

const on = useTree();

describe('refused, with the remedy, and without any change', () => {
  const remotes = '/var/lib/one/remotes';
  const toLink = (path: string, target: string): void => {
    rmSync(on.tree.path(path), { recursive: true });
    symlinkSync(target, on.tree.path(path));
  };
  test.each([
    [
      'no front-end',
      'frontend',
      () => rmSync(on.tree.path(remotes), { recursive: true }),
      'this machine is not an OpenNebula front-end',
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
      'OpenNebula 5.12.0 is not supported',
    ],
    [
      'no oneadmin',
      'host',
      () => on.tree.write('/etc/passwd', 'root:x:0:0::/:/bin/sh\n'),
      'the user oneadmin does not exist',
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
      '/etc/sudoers.d does not exist',
    ],
    [
      'a user name that is not valid',
      'host',
      () => on.tree.write('/etc/migrate-guard/config.yaml', 'ssh:\n  user: A:B\n'),
      'ssh.user: Invalid user name',
    ],
    [
      'a configuration that is not valid YAML',
      'host',
      () => on.tree.write('/etc/migrate-guard/config.yaml', 'ssh: { user: oneadmin\n'),
      'is not valid YAML',
    ],
    [
      'a user that does not exist',
      'host',
      () => on.tree.write('/etc/migrate-guard/config.yaml', 'ssh: { deadline: 5, user: "cloud" } # ours\n'),
      'the user cloud does not exist',
    ],
    [
      'a file of another owner',
      'frontend',
      () => on.tree.write(`${remotes}/vmm/kvm/save-guard`, 'x'),
      'does not belong to migrate-guard',
    ],
    [
      'a link in the way',
      'frontend',
      () => symlinkSync('/etc', on.tree.path(`${remotes}/migrate-guard`)),
      'it is not a directory',
    ],
    [
      'a link to nowhere',
      'host',
      () => toLink('/var/log', 'gone'),
      '/var/log is a link that does not lead to a directory',
    ],
    [
      'a link out of the tree',
      'host',
      () => toLink('/var/log', '/etc'),
      '/var/log is a link that leads out of ',
    ],
    [
      "a link of another user in root's path",
      'host',
      () => {
        on.tree.moveBehindLink('/usr/sbin', 'bin');
        lchownSync(on.tree.path('/usr/sbin'), oneadmin, oneadmin);
      },
      'users other than root can change sbin -> bin in its path',
    ],
    [
      'a directory of another user at its end',
      'host',
      () => chownSync(on.tree.moveBehindLink('/var/log', '../data/log'), oneadmin, 0),
      'users other than root can change log in its path',
    ],
    [
      'one that a group may write',
      'host',
      () => chmodSync(on.tree.moveBehindLink('/var/log', '../data/log'), 0o775),
      'users other than root can change log in its path',
    ],
    [
      'one that all users may write, sticky',
      'host',
      () => chmodSync(on.tree.moveBehindLink('/var/log', '../data/log'), 0o1777),
      'users other than root can change log in its path',
    ],
    [
      'one that can be exchanged',
      'host',
      () => chmodSync(dirname(on.tree.moveBehindLink('/var/log', '../data/log')), 0o777),
      'users other than root can change data in its path',
    ],
    [
      'a directory in the way',
      'host',
      () => mkdirSync(on.tree.path('/usr/sbin/migrate-guard')),
      'it is not a regular file',
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
    // oned.conf can be corrected afterwards: --check does not read it.
    if (!what.includes('VM_MAD')) {
      const { exit, stderr } = await on.install(role, '--check');
      expect({ exit, stderr }).toEqual({ exit: 1, stderr: expect.stringContaining(what) as string });
    }
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
