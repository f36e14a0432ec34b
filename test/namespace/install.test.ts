import { appendFileSync, chownSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { CommandResult } from '../../src/system/command';
import { MachineTree, oneadmin, onedConf } from './installation/machine-tree';
import { Package } from './installation/package';

let source: Package;
let tree: MachineTree;

beforeAll(async () => {
  source = await Package.make();
});
afterAll(() => source.remove());
beforeEach(() => {
  tree = new MachineTree();
});
afterEach(() => tree.remove());

async function install(...argv: readonly string[]): Promise<CommandResult> {
  return source.install(...argv, '--root', tree.root);
}

async function done(...argv: readonly string[]): Promise<string> {
  const { exit, stdout, stderr } = await install(...argv);
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  return stdout;
}

const selected = '-t 15 -r 0 kvm -p -l migrate=migrate-guard,save=save-guard';

test('front-end and host: who owns what, and what sudo allows', async () => {
  await done('frontend', '--set-vm-mad');
  await done('host');
  const owned = tree.picture().map((line) => line.split(' ').slice(0, 3).join(' '));
  expect(owned).toEqual(
    expect.arrayContaining([
      'etc/migrate-guard/config.yaml 100644 0:0',
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
  expect(tree.read('/etc/sudoers.d/migrate-guard').split('\n').slice(-2)).toEqual([
    'oneadmin ALL=(root) NOPASSWD: /usr/lib/migrate-guard/migrate-guard host',
    '',
  ]);
  expect(tree.read('/etc/one/oned.conf')).toBe(onedConf(selected));
});

test('install, upgrade of OpenNebula, verify, install again, uninstall', async () => {
  await done('frontend', '--set-vm-mad');
  await done('host');
  expect((await install('verify')).exit).toBe(0);
  tree.layStock('7.0.0');
  tree.write('/etc/one/oned.conf', onedConf('-t 16 kvm'), { mode: 0o640, gid: oneadmin });
  const upgraded = await install('verify');
  expect(upgraded.exit).toBe(1);
  for (const script of ['vmm/kvm/migrate-guard', 'vmm/kvm/save-guard', 'migrate-guard/plugin.cjs'])
    expect(upgraded.stdout).toContain(
      `/var/lib/one/remotes/${script} is missing\n         -> install.sh frontend\n`,
    );
  expect(upgraded.stdout).toContain(
    'VM_MAD in /etc/one/oned.conf does not select migrate-guard and save-guard',
  );
  expect(upgraded.stdout).not.toContain('/etc/sudoers.d');

  await done('frontend', '--set-vm-mad');
  expect((await install('verify')).exit).toBe(0);
  await done('uninstall');
  const stock = new MachineTree();
  stock.layStock('7.0.0');
  stock.write('/etc/one/oned.conf', onedConf('-t 16 kvm'), { mode: 0o640, gid: oneadmin });
  expect(tree.picture()).toEqual(stock.picture());
  stock.remove();
});

test('a second run changes nothing; a dry run nothing at all; uninstall leaves everything as it was', async () => {
  const before = tree.picture();
  for (const role of ['frontend', 'host'] as const) {
    expect(await done(role, '--dry-run')).toContain('/usr/lib/migrate-guard/migrate-guard');
    expect(tree.picture()).toEqual(before);
  }
  await done('frontend', '--set-vm-mad', '--dry-run');
  expect(tree.picture()).toEqual(before);
  await done('frontend', '--set-vm-mad');
  await done('host');
  const installed = tree.picture();
  expect(await done('frontend', '--set-vm-mad')).not.toMatch(/^(file|directory|edited) /m);
  expect(await done('host')).not.toMatch(/^(file|directory) /m);
  expect(tree.picture()).toEqual(installed);
  expect(await done('uninstall', '--dry-run')).toContain('/etc/sudoers.d/migrate-guard');
  expect(tree.picture()).toEqual(installed);
  await done('uninstall');
  expect(tree.picture()).toEqual(before);
});

test('one half goes, and the other stays whole; what both share goes with the last', async () => {
  const before = tree.picture();
  await done('frontend');
  const frontEnd = tree.picture();
  await done('host');
  expect(await done('uninstall', 'host', '--dry-run')).not.toContain('/usr/sbin/migrate-guard');
  await done('uninstall', 'host');
  expect(tree.picture()).toEqual(frontEnd);
  expect(await done('uninstall', 'host')).toBe('nothing to do: this machine has no host half\n');
  expect(tree.picture()).toEqual(frontEnd);
  await done('host');
  await done('uninstall', 'frontend');
  expect((await install('verify')).exit).toBe(0);
  await done('uninstall', 'host');
  expect(tree.picture()).toEqual(before);
  expect(await done('uninstall', 'host')).toContain('nothing to do: ');
});

test('--check tells what a machine lacks, and changes nothing', async () => {
  const before = tree.picture();
  for (const half of ['frontend', 'host'] as const) expect(await done(half, '--check')).toBe('');
  tree.write('/etc/passwd', 'root:x:0:0::/:/bin/sh\n');
  expect((await install('host', '--check')).stderr).toContain('there is no user oneadmin\n  -> ');
  tree.write('/etc/passwd', `root:x:0:0::/:/bin/sh\noneadmin:x:${oneadmin}:${oneadmin}::/:/bin/sh\n`);
  rmSync(tree.path('/etc/sudoers.d'), { recursive: true });
  expect((await install('host', '--check')).exit).toBe(1);
  rmSync(tree.path('/var/lib/one/remotes/VERSION'));
  expect((await install('frontend', '--check')).exit).toBe(1);
  const changed = ['etc/passwd', 'etc/sudoers.d', 'var/lib/one/remotes/VERSION'];
  const others = (lines: readonly string[]): string[] =>
    lines.filter((line) => !changed.some((path) => line.startsWith(`${path} `)));
  expect(others(tree.picture())).toEqual(others(before));
});

test('the installed copy verifies and uninstalls without the source tree', async () => {
  const before = tree.picture();
  await done('frontend', '--set-vm-mad');
  const installed = source.at(tree.path('/usr/lib/migrate-guard'));
  expect((await installed.install('verify', '--root', tree.root)).exit).toBe(0);
  expect((await installed.install('frontend', '--root', tree.root)).stderr).toContain(
    'only verify and uninstall',
  );
  expect((await installed.install('uninstall', '--root', tree.root)).exit).toBe(0);
  expect(tree.picture()).toEqual(before);
});

test('an empty tree, as a package is made in, gets what a host needs and nothing else', async () => {
  for (const path of ['usr', 'var', 'etc/one', 'etc/logrotate.d'])
    rmSync(tree.path(path), { recursive: true });
  const before = tree.picture();
  await done('host');
  expect(tree.list('').filter((path) => path.includes('migrate-guard/'))).toEqual([
    'etc/migrate-guard/config.yaml',
    'usr/lib/migrate-guard/install.sh',
    'usr/lib/migrate-guard/installation.cjs',
    'usr/lib/migrate-guard/licenses.txt',
    'usr/lib/migrate-guard/migrate-guard',
    'var/lib/migrate-guard/layouts',
    'var/lib/migrate-guard/manifest',
  ]);
  await done('uninstall');
  expect(tree.picture()).toEqual(before);
});

describe('verify tells', () => {
  const start = '/var/lib/one/remotes/migrate-guard/start.sh';
  const [sudoers, program] = ['/etc/sudoers.d/migrate-guard', '/usr/lib/migrate-guard/migrate-guard'];
  const manifest = '/var/lib/migrate-guard/manifest';
  const toLink = (path: string): void => {
    rmSync(tree.path(path));
    symlinkSync('/etc/passwd', tree.path(path));
  };
  test.each([
    ['a changed script', () => appendFileSync(tree.path(start), '#'), `${start} is not as it was installed`],
    ['a missing one', () => rmSync(tree.path(start)), `${start} is missing`],
    ['a link instead', () => toLink(start), `${start} is no plain file any more`],
    ['a mode', () => tree.write(sudoers, '', { mode: 0o666 }), `${sudoers} has mode 666 instead of 440`],
    [
      'an owner',
      () => tree.write(program, '', { uid: oneadmin }),
      `${program} belongs to 9869:9869 instead of 0:0`,
    ],
    [
      'VM_MAD',
      () => tree.write('/etc/one/oned.conf', onedConf()),
      'does not select migrate-guard and save-guard',
    ],
    ['an odd manifest', () => tree.write(manifest, 'x'), 'line 1 of the manifest is odd'],
    ['nothing installed', () => rmSync(tree.path(manifest)), 'was not installed here by install.sh'],
  ])('%s, and installing again mends it', async (_, harm, what) => {
    await done('frontend', '--set-vm-mad');
    await done('host');
    harm();
    const { exit, stdout } = await install('verify');
    expect(exit).toBe(1);
    expect(stdout).toContain(what);
    if (what.includes('manifest') || what.includes('no plain')) return;
    await done('frontend', '--set-vm-mad');
    await done('host');
    expect((await install('verify')).exit).toBe(0);
  });
});

test('what the admin has changed or made stays: configuration, logs, layouts; changed scripts go, and it says so', async () => {
  await done('frontend');
  await done('host');
  appendFileSync(tree.path('/etc/migrate-guard/config.yaml'), 'hooks:\n  retry: true\n');
  tree.write('/var/log/migrate-guard/host.log', 'a log');
  appendFileSync(tree.path('/var/lib/one/remotes/vmm/kvm/migrate-guard'), '# changed\n');
  expect(await done('frontend')).toContain('kept       /etc/migrate-guard/config.yaml');
  appendFileSync(tree.path('/var/lib/one/remotes/vmm/kvm/migrate-guard'), '# changed\n');
  const said = await done('uninstall');
  expect(said).toContain('left       /etc/migrate-guard/config.yaml: it was changed');
  expect(said).toContain('left       /var/log/migrate-guard: it is not empty');
  expect(said).toContain('removed    /var/lib/one/remotes/vmm/kvm/migrate-guard, although it was changed');
  const left = tree.list('').filter((path) => path.includes('migrate-guard'));
  expect(left).toEqual([
    'etc/migrate-guard',
    'etc/migrate-guard/config.yaml',
    'var/log/migrate-guard',
    'var/log/migrate-guard/host.log',
  ]);
});

test('what a newer release has no more is removed', async () => {
  const older = source.copy();
  writeFileSync(older.file('remotes/tm/migrate-guard/old/script'), '#!/bin/sh\n');
  expect((await older.install('frontend', '--root', tree.root)).exit).toBe(0);
  older.remove();
  const old = 'var/lib/one/remotes/tm/migrate-guard/old';
  expect(tree.list('')).toContain(`${old}/script`);
  await done('frontend');
  expect(tree.list('').filter((path) => path.startsWith(old))).toEqual([]);
});

describe("drivers of others in oned.conf's slots", () => {
  const storpool = '-l deploy=deploy-tweaks,migrate=migrate-tweaks -t 15 kvm -p';
  const merged = '-l deploy=deploy-tweaks,migrate=migrate-guard,save=save-guard -t 15 kvm -p';

  test('StorPool: its script becomes what the guard runs, and comes back', async () => {
    tree.write('/etc/one/oned.conf', onedConf(storpool));
    const before = tree.picture();
    const said = await done('frontend');
    expect(said).toContain(merged);
    expect(said).toContain('\nopennebula:\n  migrate: frontend:migrate-tweaks\n');
    expect(tree.read('/etc/one/oned.conf')).toBe(onedConf(storpool));
    for (let run = 0; run < 2; run += 1) {
      await done('frontend', '--set-vm-mad');
      expect(tree.read('/etc/one/oned.conf')).toBe(onedConf(merged));
      expect(tree.read('/etc/migrate-guard/config.yaml')).toContain('\nopennebula:\n');
      expect(tree.read('/etc/migrate-guard/config.yaml')).toContain('\n  migrate: frontend:migrate-tweaks\n');
    }
    expect((await install('verify')).exit).toBe(0);
    await done('uninstall');
    expect(tree.picture()).toEqual(before);
  });

  test('a configuration that the admin has changed is not touched, and oned.conf waits for it', async () => {
    await done('frontend');
    const config = '/etc/migrate-guard/config.yaml';
    tree.write(config, 'hooks:\n  retry: true\n');
    tree.write('/etc/one/oned.conf', onedConf(storpool));
    const { exit, stderr } = await install('frontend', '--set-vm-mad');
    expect(exit).toBe(1);
    expect(stderr).toContain('opennebula:\n');
    expect(stderr).toContain('  migrate: frontend:migrate-tweaks\n');
    expect(tree.read('/etc/one/oned.conf')).toBe(onedConf(storpool));
    tree.write(config, 'opennebula:\n  migrate: frontend:migrate-tweaks\n');
    await done('frontend', '--set-vm-mad');
    expect(tree.read('/etc/one/oned.conf')).toBe(onedConf(merged));
  });

  test('a line that was set by hand has to be taken back by hand, before the drivers go', async () => {
    await done('frontend');
    tree.write('/etc/one/oned.conf', onedConf(selected));
    const before = tree.picture();
    const { exit, stderr } = await install('uninstall');
    expect(exit).toBe(1);
    expect(stderr).toContain('set ARGUMENTS = "-t 15 -r 0 kvm -p" in the VM_MAD named "kvm"');
    expect(tree.picture()).toEqual(before);
    tree.write('/etc/one/oned.conf', onedConf());
    await done('uninstall');
  });

  test('what the admin changed elsewhere in oned.conf meanwhile stays', async () => {
    await done('frontend', '--set-vm-mad');
    appendFileSync(tree.path('/etc/one/oned.conf'), 'PORT = 2633\n');
    expect(await done('uninstall')).toContain('left       ');
    expect(tree.read('/etc/one/oned.conf')).toBe(`${onedConf()}PORT = 2633\n`);
  });
});

describe('refused, with the remedy, and without any change', () => {
  const remotes = '/var/lib/one/remotes';
  test.each([
    [
      'no front-end',
      'frontend',
      () => rmSync(tree.path(remotes), { recursive: true }),
      'this is no OpenNebula front-end',
    ],
    [
      'OpenNebula of unknown version',
      'frontend',
      () => rmSync(tree.path(`${remotes}/VERSION`)),
      'unknown version',
    ],
    [
      'OpenNebula 5',
      'frontend',
      () => tree.write(`${remotes}/VERSION`, '5.12.0'),
      'OpenNebula 5.12.0 is not known',
    ],
    [
      'no oneadmin',
      'host',
      () => tree.write('/etc/passwd', 'root:x:0:0::/:/bin/sh\n'),
      'there is no user oneadmin',
    ],
    [
      'oneadmin is root',
      'host',
      () => tree.write('/etc/passwd', 'oneadmin:x:0:0::/:/bin/sh\n'),
      'oneadmin is root',
    ],
    [
      'no sudoers.d',
      'host',
      () => rmSync(tree.path('/etc/sudoers.d'), { recursive: true }),
      '/etc/sudoers.d is not there',
    ],
    [
      'an odd user',
      'host',
      () => tree.write('/etc/migrate-guard/config.yaml', 'ssh:\n  user: A:B\n'),
      'is no user name: A:B',
    ],
    [
      "a file of another's",
      'frontend',
      () => tree.write(`${remotes}/vmm/kvm/save-guard`, 'x'),
      'does not belong to migrate-guard',
    ],
    [
      'a link in the way',
      'frontend',
      () => symlinkSync('/etc', tree.path(`${remotes}/migrate-guard`)),
      'it is no plain directory',
    ],
    [
      'a directory in the way',
      'host',
      () => mkdirSync(tree.path('/usr/sbin/migrate-guard')),
      'it is no plain file',
    ],
    [
      'a directory of OpenNebula that belongs to root',
      'frontend',
      () => chownSync(tree.path(`${remotes}/vmm/kvm`), 0, 0),
      '/var/lib/one/remotes/vmm/kvm cannot be written by oneadmin',
    ],
    ['no KVM driver', 'frontend', () => tree.write('/etc/one/oned.conf', ''), 'no VM_MAD is named "kvm"'],
    [
      'two KVM drivers',
      'frontend',
      () => tree.write('/etc/one/oned.conf', onedConf() + onedConf()),
      'more than one VM_MAD',
    ],
  ])('%s', async (_, role, harm, what) => {
    harm();
    const before = tree.picture();
    const { exit, stderr } = await install(role);
    expect(exit).toBe(1);
    expect(stderr).toContain(what);
    expect(stderr).toMatch(/\n {2}-> ./);
    expect(tree.picture()).toEqual(before);
  });

  test('nothing is installed', async () => {
    expect(await install('uninstall')).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining('nothing is installed') as string,
    });
  });

  test('it is not built', async () => {
    const unbuilt = source.copy();
    rmSync(unbuilt.file('dist/plugin.cjs'));
    const { exit, stderr } = await unbuilt.install('host', '--root', tree.root);
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
  ])('the command line %j', async (argv) => expect((await source.install(...argv)).exit).toBe(64));
});
