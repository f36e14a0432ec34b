import { type DebianRelease, debianTree } from '../../lab/harness/debian-tree';
import type { Packages } from './packages';
import { PrivateMachine } from './private-machine';

/** Expects that the package of a host can be installed and purged by the dpkg of a Debian release, in its own tree. */
export async function expectInstallable(packages: Packages, release: DebianRelease): Promise<void> {
  const tree = await debianTree(release);
  const machine = await PrivateMachine.start([tree, packages.directory]);
  const run = async (...argv: readonly string[]): Promise<string> => {
    const { exit, stdout, stderr } = await machine.root([
      'env',
      'PATH=/usr/sbin:/usr/bin:/sbin:/bin',
      ...argv,
    ]);
    expect({ argv, exit, stderr }).toEqual({ argv, exit: 0, stderr: '' });
    return stdout;
  };
  try {
    const before = await machine.picture(['/mnt/etc/upper', '/mnt/usr/upper']);
    await run('dpkg', '--install', packages.file('migrate-guard-host_', '.deb'));
    expect(await run('/usr/lib/migrate-guard/install.sh', 'verify')).toMatch(
      /^ok .* are as they were installed$/m,
    );
    expect(await machine.root(['/usr/sbin/migrate-guard', 'check', '--all'])).toMatchObject({
      exit: 0,
      stderr: 'No domain runs on this host.\n',
    });
    const asked = await machine.oneadmin(
      ['sudo', '-n', '/usr/lib/migrate-guard/migrate-guard', 'host'],
      {},
      { input: 'x\n' },
    );
    expect(asked.stdout).toMatch(/^\{"kind":"end","exit":64,/);
    await run('dpkg', '--purge', 'migrate-guard-host');
    expect(await machine.picture(['/mnt/etc/upper', '/mnt/usr/upper'])).toBe(before);
  } finally {
    await machine.end();
  }
}
