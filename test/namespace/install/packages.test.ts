import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { succeed } from '../../lab/harness/succeed';
import { ifMade } from '../../support/if-made';
import { done, PackageMachine } from '../installation/package-machine';
import { Packages } from '../installation/packages';
import { expectDebUsable, expectRpmUsable } from '../installation/release-machine';

/** The packages that `npm run package` makes are installed and removed, on machines without Node. */

const kinds = ['deb', 'rpm'] as const;
let packages: Packages;
let machine: PackageMachine;

beforeAll(async () => {
  packages = await Packages.make(kinds);
});
afterAll(() => ifMade(packages, (made) => made.remove()));
beforeEach(async () => {
  machine = await PackageMachine.start();
  await machine.hideNode();
});
afterEach(() => ifMade(machine, (made) => made.end()));

const config = '/etc/migrate-guard/config.yaml';
const deb = (connection: string): string => packages.file(`migrate-guard-${connection}_`, '.deb');
const rpmOf = (connection: string): string => packages.file(`migrate-guard-${connection}-`, '.rpm');

/** man and groff find no mistake in it. */
async function expectCorrectManualPage(): Promise<void> {
  const page =
    await machine.shell(`page=$(man -w migrate-guard) && groff -ww -man -Tutf8 -Z "$page" >/dev/null
    LC_ALL=C.UTF-8 MANWIDTH=100 man --warnings -E UTF-8 -l "$page" | col -b`);
  expect(page).toMatch(/^MIGRATE-GUARD\(1\)/);
  expect(page).toContain('\n       migrate-guard explain <domain>\n');
  expect(page).toContain('\n       migrate-guard reset one-310 --strategy gdb --dry-run\n');
}

/** The driver, started by its script, knows OpenNebula's tree: it runs the mover there, because no host can be reached. */
async function expectGuardedMover(): Promise<void> {
  const mover = '/var/lib/one/remotes/vmm/kvm/site-mover';
  await machine.shell(`printf 'opennebula:\\n  migrate: frontend:site-mover\\n' >>${config}
    printf '#!/bin/sh\\necho "moved $1 to $2"\\n' >${mover} && printf '#!/bin/sh\\nexit 255\\n' >/usr/bin/ssh
    chmod 755 ${mover} /usr/bin/ssh`);
  const driver = '/var/lib/one/remotes/vmm/kvm/migrate-guard';
  const input = Buffer.from('<VMM_DRIVER_ACTION_DATA/>').toString('base64');
  expect(
    await machine.host.oneadmin([driver, 'one-310', 'kvm2', 'kvm1', '310', 'kvm1'], {}, { input }),
  ).toMatchObject({ exit: 0, stdout: 'moved one-310 to kvm2\n' });
}

describe('.deb', () => {
  test('a host whose /var/log is a link: installed, and purged without a trace', async () => {
    await machine.shell(
      'mkdir /mnt/disk && cp -a /var/log /mnt/disk/ && rm -r /var/log && ln -s /mnt/disk/log /var/log',
    );
    const before = await machine.picture();
    await done(machine.dpkg('--install', deb('host')));
    await machine.expectInstalled();
    expect(readFileSync(machine.host.path('/etc/sudoers.d/migrate-guard'), 'utf8')).toContain(
      'migrate-guard host',
    );
    await done(machine.dpkg('--verify', 'migrate-guard-host'));
    await expectCorrectManualPage();
    await done(machine.dpkg('--purge', 'migrate-guard-host'));
    expect(await machine.picture()).toBe(before);
  });

  test('a front-end that is a host, too: each part is removed alone', async () => {
    await machine.makeFrontEnd();
    const before = await machine.picture();
    await done(machine.dpkg('--install', deb('frontend')));
    const frontEnd = await machine.picture();
    expect(existsSync(machine.host.path('/var/lib/one/remotes/migrate-guard/plugin.cjs'))).toBe(false);
    const hook = ['/var/lib/one/remotes/hooks/migrate-guard/pre-migrate'] as const;
    expect((await machine.host.oneadmin(hook)).stderr).toContain('its event cannot be read: it is empty');
    await done(machine.dpkg('--install', deb('host')));
    await machine.expectInstalled();
    await done(machine.dpkg('--purge', 'migrate-guard-host'));
    expect(await machine.picture()).toBe(frontEnd);
    await machine.expectInstalled();
    await done(machine.dpkg('--install', deb('host')));
    await done(machine.dpkg('--purge', 'migrate-guard-frontend'));
    await machine.expectInstalled();
    await done(machine.dpkg('--purge', 'migrate-guard-host'));
    expect(await machine.picture()).toBe(before);
  });

  test('a release with the Node of the machine, then a newer one: an edited configuration is kept, files that it no longer has are removed', async () => {
    const before = await machine.picture();
    await machine.showNode();
    await machine.shell(`dpkg-deb --raw-extract ${deb('host')} /mnt/older
      sed -i 's/^Version: .*/Version: 0.0.1/; s/^Architecture: .*/Architecture: all/' /mnt/older/DEBIAN/control
      rm /mnt/older/usr/share/migrate-guard-host/{standalone,LICENSE.node}
      sed -i '/ add common config/i\\  add common file root 644 "$here/LICENSE" /usr/lib/migrate-guard/old' \\
        /mnt/older/usr/share/migrate-guard-host/install.sh
      dpkg-deb -Znone --build /mnt/older /mnt/older.deb && rm -r /mnt/older`);
    await done(machine.dpkg('--install', '/mnt/older.deb'));
    expect(await machine.shell('head -n 1 /usr/lib/migrate-guard/migrate-guard')).toMatch(
      / \/usr\/.*\/node$/m,
    );
    await machine.hideNode();
    await machine.shell(
      `test -e /usr/lib/migrate-guard/old && printf 'hooks:\\n  retry: true\\n' >>${config}`,
    );
    expect(await done(machine.dpkg('--install', deb('host')))).toContain(`kept       ${config}\n`);
    await machine.expectInstalled();
    await machine.shell(`test ! -e /usr/lib/migrate-guard/old && grep -q 'retry: true' ${config}`);
    expect(await done(machine.dpkg('--remove', 'migrate-guard-host'))).toContain(
      `left       ${config}: it was changed\n`,
    );
    await machine.shell(`grep -q 'retry: true' ${config}`);
    await done(machine.dpkg('--purge', 'migrate-guard-host'));
    await machine.shell('rm /mnt/older.deb');
    expect(await machine.picture()).toBe(before);
  });

  test.each([
    [
      'no oneadmin',
      'host',
      () => machine.shell("sed -i '/^oneadmin:/d' /etc/passwd"),
      'the user oneadmin does not exist',
    ],
    ['no OpenNebula', 'frontend', () => Promise.resolve(), 'this machine is not an OpenNebula front-end'],
    [
      'a directory in the way',
      'host',
      () => machine.shell('mkdir /usr/sbin/migrate-guard'),
      '/usr/sbin/migrate-guard is in the way: it is not a regular file',
    ],
    [
      "OpenNebula's tree belongs to root",
      'frontend',
      async () => {
        await machine.makeFrontEnd();
        await machine.shell('chown root: /var/lib/one/remotes/hooks');
      },
      '/var/lib/one/remotes/hooks cannot be written by oneadmin',
    ],
  ])('%s: refused before anything is unpacked, with the remedy', async (_, connection, harm, what) => {
    await harm();
    const before = await machine.picture();
    const { exit, stderr } = await machine.dpkg('--install', deb(connection));
    expect(exit).toBe(1);
    expect(stderr).toContain(`install.sh: ${what}`);
    expect(stderr).toMatch(/\n {2}-> ./);
    expect(await machine.picture()).toBe(before);
    expect(await machine.dpkgStatus(`migrate-guard-${connection}`)).toBe('not-installed');
  });

  test('without sudo it is not installed: dpkg prints the reason', async () => {
    await machine.shell("sed -i '/^Package: sudo$/,/^$/d' /mnt/dpkg/status");
    const { exit, stderr } = await machine.dpkg('--install', deb('host'));
    expect(exit).not.toBe(0);
    expect(stderr).toContain('migrate-guard-host pre-depends on sudo');
  });

  test('a lost manifest: the same release can be installed; drivers that oned still calls are not removed', async () => {
    await machine.makeFrontEnd();
    await done(machine.dpkg('--install', deb('frontend')));
    await machine.shell('rm /var/lib/migrate-guard/manifest');
    await done(machine.dpkg('--install', deb('frontend')));
    await machine.expectInstalled();
    await machine.shell(`sed -i 's/-p"/-p -l migrate=migrate-guard,save=save-guard"/' /etc/one/oned.conf`);
    const before = await machine.picture();
    const { exit, stderr } = await machine.dpkg('--remove', 'migrate-guard-frontend');
    expect(exit).toBe(1);
    expect(stderr).toContain('set ARGUMENTS = "-t 15 -r 0 kvm -p" in the VM_MAD named "kvm"');
    expect(await machine.picture()).toBe(before);
    await machine.expectInstalled();
    await expectGuardedMover();
  });
});

describe('.rpm', () => {
  // A Debian machine has no rpm that could provide what ours requires.
  beforeEach(async () => {
    await machine.shell(`cat >/mnt/machine.spec <<'SPEC'
Name: machine
Version: 1
Release: 1
Summary: what a host has
License: none
BuildArch: noarch
Provides: bash /bin/bash /bin/sh sudo acl util-linux openssh-clients
Provides: libc.so.6(GLIBC_2.28)(64bit) libstdc++.so.6()(64bit)
%description
%files
SPEC
      cd /mnt && rpmbuild -bb --quiet --target noarch --define '_topdir /mnt/built' \\
        --define '_dbpath /mnt/rpm' machine.spec 2>/dev/null
      rpm --dbpath=/mnt/rpm --force-debian -i built/RPMS/noarch/machine-1-1.noarch.rpm`);
  });

  test('a host: installed, and erased without a trace', async () => {
    const before = await machine.picture();
    await done(machine.rpm('--install', rpmOf('host')));
    await machine.expectInstalled();
    await done(machine.rpm('--verify', 'migrate-guard-host'));
    await done(machine.rpm('--erase', 'migrate-guard-host'));
    expect(await machine.picture()).toBe(before);
  });

  test('a front-end: an upgrade keeps an edited configuration, and so does the removal', async () => {
    await machine.makeFrontEnd();
    await done(machine.rpm('--install', rpmOf('frontend')));
    await machine.shell(
      `printf 'hooks:\\n  retry: true\\n' >>${config}; migrate-guard doctor >/dev/null || true`,
    );
    const edited = await machine.picture();
    await done(machine.rpm('--upgrade', '--replacepkgs', rpmOf('frontend')));
    expect(await machine.picture()).toBe(edited);
    await machine.expectInstalled();
    await done(machine.rpm('--erase', 'migrate-guard-frontend'));
    await machine.shell(`grep -q 'retry: true' ${config} && test ! -e /usr/lib/migrate-guard`);
  });

  test('no oneadmin: refused before anything is unpacked, with the remedy', async () => {
    await machine.shell("sed -i '/^oneadmin:/d' /etc/passwd");
    const before = await machine.picture();
    const { exit, stderr } = await machine.rpm('--install', rpmOf('host'));
    expect(exit).not.toBe(0);
    expect(stderr).toContain('install.sh: the user oneadmin does not exist\n  -> ');
    expect(await machine.picture()).toBe(before);
    expect((await machine.rpm('--query', 'migrate-guard-host')).exit).toBe(1);
  });
});

test('Debian 13: the package of a host is installed and removed by its dpkg', () =>
  expectDebUsable(packages, 'trixie'));

test('Debian 13: the package of a host is installed and removed by rpm --root', () =>
  expectRpmUsable(packages, 'trixie'));

test('two runs make the same bytes', () => packages.expectReproducible(kinds));

test('SHA256SUMS has the sum of each package', async () => {
  const check = ['sh', '-c', 'cd "$0" && sha256sum --check --strict SHA256SUMS', packages.directory] as const;
  const names = packages.names().filter((name) => name !== 'SHA256SUMS');
  expect((await succeed(check)).stdout.trim().split('\n').sort()).toEqual(names.map((name) => `${name}: OK`));
});

test('the Node of amd64 needs glibc 2.28 at most; that of arm64 is made, but not run', async () => {
  const unpack = async (file: string, name: string): Promise<string> => {
    const directory = join(unpacked, name);
    await succeed(['dpkg-deb', '--extract', file, directory]);
    return join(directory, 'usr/share/migrate-guard-host/standalone');
  };
  const other = await Packages.make(['deb'], 'arm64');
  const unpacked = mkdtempSync(join(tmpdir(), 'migrate-guard-unpacked-'));
  try {
    const { stdout } = await succeed(['objdump', '-T', await unpack(deb('host'), 'amd64')]);
    const needed = [...stdout.matchAll(/GLIBC_2\.(\d+)/g)].map(([, minor]) => Number(minor));
    expect(Math.max(...needed)).toBe(28);
    const header = await succeed([
      'readelf',
      '-h',
      await unpack(other.file('migrate-guard-host_', '.deb'), 'arm64'),
    ]);
    expect(header.stdout).toMatch(/Machine: +AArch64/);
  } finally {
    rmSync(unpacked, { recursive: true });
    other.remove();
  }
});
