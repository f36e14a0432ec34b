import { readFileSync } from 'node:fs';
import type { CommandResult } from '../../../src/os/run-command';
import { onedConf, selected } from '../installation/machine-tree';
import { useMachine } from '../installation/use-machine';

/** install.sh on real paths: what it searches for on the machine itself. */

const on = useMachine();

const path = 'PATH=/usr/sbin:/usr/bin:/sbin:/bin';

async function install(...argv: readonly string[]): Promise<CommandResult> {
  return on.machine.root(['env', path, on.source.file('install.sh'), ...argv]);
}

async function shell(script: string): Promise<void> {
  expect(await on.machine.root(['sh', '-c', script])).toMatchObject({ exit: 0 });
}

const everyNode = 'for node in /usr/bin/node /usr/local/bin/node; do test ! -e $node ||';

describe('refused, with the remedy, and without any change', () => {
  test.each([
    ['no Node', `${everyNode} mount --bind /dev/null $node; done`, 'Node 20.11 or later is not installed'],
    [
      'Node 20.10',
      `printf '#!/bin/sh\\necho v20.10.1\\n' >/mnt/old && chmod 755 /mnt/old
       ${everyNode} mount --bind /mnt/old $node; done`,
      'Node 20.11 or later is not installed',
    ],
    [
      'Node in a directory that others can write',
      'chmod 777 /usr/bin',
      '/usr/bin can be written by users other than root',
    ],
    ...Object.entries({
      sudo: 'sudo',
      visudo: 'sudo',
      getfacl: 'acl',
      setfacl: 'acl',
      nsenter: 'util-linux',
      runuser: 'util-linux',
      setsid: 'util-linux',
      ssh: 'openssh-client (Debian), openssh-clients (RHEL)',
      virsh: 'libvirt-clients (Debian), libvirt-client (RHEL)',
    }).map(([name, from]) => [
      `no ${name}`,
      `rm "$(command -v ${name})"`,
      `${name} is not installed: it is not in /usr/sbin:/usr/bin:/sbin:/bin\n  -> install the package ${from}\n`,
    ]),
    ['no oneadmin', "sed -i '/^oneadmin:/d' /etc/passwd", 'the user oneadmin does not exist'],
  ])('%s', async (_, harm, what) => {
    await shell(harm);
    const before = await on.machine.picture();
    for (const check of [['--check'], []]) {
      const { exit, stderr } = await install('host', ...check);
      expect(exit).toBe(1);
      expect(stderr).toContain(what);
      expect(stderr).toMatch(/\n {2}-> ./);
    }
    expect(await on.machine.picture()).toBe(before);
  });

  test('another user than root', async () => {
    const { exit, stderr } = await on.machine.oneadmin([on.source.file('install.sh'), 'host', '--dry-run']);
    expect({ exit, stderr }).toEqual({
      exit: 77,
      stderr: 'install.sh: must be run as root\n  -> run it with sudo\n',
    });
  });

  test('an /etc/sudoers that does not read sudoers.d: installed, and the missing step is printed', async () => {
    await shell("sed -i '/includedir/d' /etc/sudoers");
    const { exit, stderr } = await install('host');
    expect(exit).toBe(1);
    expect(stderr).toContain('@includedir /etc/sudoers.d');
  });
});

test('a sudo that requires a terminal, which OpenNebula’s drivers do not have: installed, and the missing step is printed', async () => {
  const program = '/usr/lib/migrate-guard/migrate-guard';
  on.machine.write('/etc/sudoers.d/site', 'Defaults requiretty\n');
  const { exit, stderr } = await install('host');
  expect({ exit, stderr }).toEqual({
    exit: 1,
    stderr: expect.stringContaining('sudo requires a terminal (requiretty)') as string,
  });
  const doctor = await on.machine.root(['migrate-guard', 'doctor']);
  const line = `Defaults!${program} !requiretty`;
  for (const said of [stderr, doctor.stdout]) expect(said).toContain(line);
  expect((await on.machine.oneadmin(['sudo', '-n', program, 'host'])).exit).toBe(1);
  on.machine.write('/etc/sudoers.d/site', `Defaults requiretty\n${line}\n`);
  expect(await install('host')).toMatchObject({ exit: 0, stderr: '' });
  expect((await on.machine.root(['migrate-guard', 'doctor'])).stdout).not.toContain('requiretty');
});

test('install and uninstall on a real machine leave it as it was', async () => {
  const before = await on.machine.picture();
  expect(await install('host')).toMatchObject({ exit: 0, stderr: '' });
  expect(await install('verify')).toMatchObject({ exit: 0, stderr: '' });
  expect(await on.machine.root(['migrate-guard', '--version'])).toMatchObject({ exit: 0 });
  expect(await on.machine.picture()).not.toBe(before);
  expect(await install('uninstall')).toMatchObject({ exit: 0, stderr: '' });
  expect(await on.machine.picture()).toBe(before);
  for (const path of ['/var/lib/migrate-guard', '/var/log/migrate-guard', '/usr/lib/migrate-guard'])
    expect((await on.machine.root(['ls', path])).exit).not.toBe(0);
});

const writeOnedConf = (text: string): Promise<void> =>
  shell(`mkdir -p /etc/one && cat >/etc/one/oned.conf <<'CONF'\n${text}CONF`);

async function makeFrontEnd(): Promise<void> {
  await writeOnedConf(onedConf());
  await shell(
    `cd /var/lib/one && mkdir -p remotes/vmm/kvm && echo 6.6.0 >remotes/VERSION && chown -R oneadmin: remotes`,
  );
}

test('a full file system: no script is replaced, no temporary file is left, and the next run completes', async () => {
  await makeFrontEnd();
  const full = '/var/lib/one/remotes/migrate-guard';
  await shell(`mkdir ${full} && mount -t tmpfs -o size=100k,mode=755,uid=9869,gid=9869 tmpfs ${full}`);
  const { exit, stderr } = await install('frontend');
  expect(exit).toBe(1);
  expect(stderr).toContain('No space left on device');
  expect(stderr).toContain('install.sh: not all files of oneadmin can be written\n  -> ');
  const scripts = await on.machine.root(['find', '/var/lib/one/remotes', '-type', 'f']);
  expect(scripts.stdout).toBe('/var/lib/one/remotes/VERSION\n');
  await shell(`mount -o remount,size=10m ${full}`);
  expect(await install('frontend')).toMatchObject({ exit: 0, stderr: '' });
  expect((await on.machine.root(['find', full, '-type', 'f'])).stdout).toContain(`${full}/plugin.cjs\n`);
});

describe('a front-end from which Node has gone', () => {
  const hideNode = (): Promise<void> => shell(`${everyNode} mount --bind /dev/null $node; done`);
  beforeEach(async () => {
    await makeFrontEnd();
    expect(await install('frontend')).toMatchObject({ exit: 0, stderr: '' });
  });

  test('where oned.conf names no driver of ours, it is uninstalled', async () => {
    await hideNode();
    expect(await install('uninstall')).toMatchObject({ exit: 0, stderr: '' });
    expect((await on.machine.root(['ls', '/usr/lib/migrate-guard'])).exit).not.toBe(0);
  });

  test('where it does, the drivers stay', async () => {
    await writeOnedConf(onedConf(selected));
    await hideNode();
    const before = await on.machine.picture();
    const { exit, stderr } = await install('uninstall');
    expect({ exit, stderr }).toEqual({
      exit: 1,
      stderr: expect.stringContaining('Node 20.11 or later is not installed') as string,
    });
    expect(await on.machine.picture()).toBe(before);
  });
});

test("the admin's command keeps its environment; the one behind sudo names its Node and drops it", async () => {
  await install('host');
  const plain = await on.machine.root(['env', 'NODE_OPTIONS=--nonsense', 'migrate-guard', '--version']);
  expect(plain.stderr).toContain('--nonsense');
  const bare = ['env', 'NODE_OPTIONS=--nonsense', '/usr/lib/migrate-guard/migrate-guard', '--version'];
  expect(await on.machine.root(bare)).toMatchObject({ exit: 0, stderr: '' });
  const program = readFileSync(on.machine.path('/usr/lib/migrate-guard/migrate-guard'), 'utf8');
  expect(program.split('\n')[0]).toMatch(
    /^#!\/usr\/bin\/env -S -i PATH=\/usr\/sbin:\/usr\/bin:\/sbin:\/bin SUDO_USER=\$\{SUDO_USER\} \/\S+\/node$/,
  );
});
