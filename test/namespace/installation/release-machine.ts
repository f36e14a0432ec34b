import { type DebianRelease, debianTree } from '../../lab/harness/debian-tree';
import { succeed } from '../../lab/harness/succeed';
import { oneadmin } from './machine-tree';
import type { Packages } from './packages';
import { PrivateMachine } from './private-machine';

const verified = /^ok .* are as they were installed$/m;

/** Expects that the .deb of a host can be installed and purged by the dpkg of a Debian release, in its own tree. */
export async function expectDebUsable(packages: Packages, release: DebianRelease): Promise<void> {
  const tree = await debianTree(release);
  const machine = await PrivateMachine.start([tree, packages.directory]);
  const written = ['/mnt/etc/upper', '/mnt/usr/upper'];
  const run = async (...argv: readonly string[]): Promise<string> => {
    const path = ['env', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin'] as const;
    const { exit, stdout, stderr } = await machine.root([...path, ...argv]);
    expect({ argv, exit, stderr }).toEqual({ argv, exit: 0, stderr: '' });
    return stdout;
  };
  try {
    const before = await machine.picture(written);
    await run('dpkg', '--install', packages.file('migrate-guard-host_', '.deb'));
    expect(await run('/usr/lib/migrate-guard/install.sh', 'verify')).toMatch(verified);
    expect(await machine.root(['/usr/sbin/migrate-guard', 'check', '--all'])).toMatchObject({
      exit: 0,
      stderr: 'No domain runs on this host.\n',
    });
    const door = ['sudo', '-n', '/usr/lib/migrate-guard/migrate-guard', 'host'] as const;
    const asked = await machine.oneadmin(door, {}, { input: 'x\n' });
    expect(asked.stdout).toMatch(/^\{"kind":"end","exit":64,/);
    await run('dpkg', '--purge', 'migrate-guard-host');
    expect(await machine.picture(written)).toBe(before);
  } finally {
    await machine.end();
  }
}

/** UID TREE RPM: the tree is not changed, because an overlay is mounted over it. */
const installByRpm = `
cd /mnt && mount -t tmpfs -o mode=755 tmpfs /mnt && cd /mnt && mkdir upper work root && chmod 755 upper
mount -t overlay -o "lowerdir=$2,upperdir=/mnt/upper,workdir=/mnt/work" overlay root
mount --rbind /dev root/dev
mount -t proc proc root/proc
echo "oneadmin:x:$1:$1::/var/lib/one:/bin/sh" >>root/etc/passwd
echo "oneadmin:x:$1:" >>root/etc/group
mkdir -p root/run/libvirt/qemu
picture() { find upper ! -type d ! -path '*/var/lib/rpm/*' ! -path '*/var/log/*' | sort; }
picture >before
rpm() { command rpm --root /mnt/root --dbpath /var/lib/rpm --force-debian "$@"; }
# This machine has no rpm that could provide what ours requires.
rpm --install --nodeps "$3"
chroot root /usr/sbin/migrate-guard check --all
chroot root /usr/lib/migrate-guard/install.sh verify
rpm --erase migrate-guard-host
picture | diff before -
`;

/** The same with the .rpm, by \`rpm --root\`. */
export async function expectRpmUsable(packages: Packages, release: DebianRelease): Promise<void> {
  const file = packages.file('migrate-guard-host-', '.rpm');
  const apart = ['unshare', '--mount', '--propagation', 'private', 'bash', '--norc', '-euc', installByRpm];
  const words = ['bash', String(oneadmin), await debianTree(release), file];
  expect((await succeed(['env', 'LC_ALL=C', ...apart, ...words])).stdout).toMatch(verified);
}
