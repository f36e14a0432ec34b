import { appendFileSync, chmodSync, chownSync, rmSync, symlinkSync } from 'node:fs';
import { oneadmin, onedConf, selected } from '../installation/machine-tree';
import { useTree } from '../installation/use-tree';

const on = useTree();

describe("drivers of others in oned.conf's slots", () => {
  const storpool = '-l deploy=deploy-tweaks,migrate=migrate-tweaks -t 15 kvm -p';
  const merged = '-l deploy=deploy-tweaks,migrate=migrate-guard,save=save-guard -t 15 kvm -p';

  test('StorPool: the guard runs its script as the mover, and uninstall restores it', async () => {
    on.tree.write('/etc/one/oned.conf', onedConf(storpool));
    const before = on.tree.picture();
    const said = await on.done('frontend');
    expect(said).toContain(merged);
    expect(said).toContain('\nopennebula:\n  migrate: frontend:migrate-tweaks\n');
    expect(on.tree.read('/etc/one/oned.conf')).toBe(onedConf(storpool));
    for (let run = 0; run < 2; run += 1) {
      await on.done('frontend', '--set-vm-mad');
      expect(on.tree.read('/etc/one/oned.conf')).toBe(onedConf(merged));
      expect(on.tree.read('/etc/migrate-guard/config.yaml')).toContain('\nopennebula:\n');
      expect(on.tree.read('/etc/migrate-guard/config.yaml')).toContain(
        '\n  migrate: frontend:migrate-tweaks\n',
      );
    }
    const missing = await on.install('verify');
    expect([missing.exit, missing.stdout]).toEqual([
      1,
      expect.stringContaining('vmm/kvm/migrate-tweaks is not there\n'),
    ]);
    const script = '/var/lib/one/remotes/vmm/kvm/migrate-tweaks';
    on.tree.write(script, '#!/bin/sh\n', { uid: oneadmin, mode: 0o755 });
    expect((await on.install('verify')).exit).toBe(0);
    rmSync(on.tree.path(script));
    await on.done('uninstall');
    expect(on.tree.picture()).toEqual(before);
  });

  test('a configuration that the admin has changed is not touched, and must be edited before oned.conf', async () => {
    await on.installed(['frontend']);
    const config = '/etc/migrate-guard/config.yaml';
    on.tree.write(config, 'hooks:\n  retry: true\n');
    on.tree.write('/etc/one/oned.conf', onedConf(storpool));
    const { exit, stderr } = await on.install('frontend', '--set-vm-mad');
    expect(exit).toBe(1);
    expect(stderr).toContain('opennebula:\n');
    expect(stderr).toContain('  migrate: frontend:migrate-tweaks\n');
    expect(on.tree.read('/etc/one/oned.conf')).toBe(onedConf(storpool));
    on.tree.write(config, 'opennebula: { save: save, migrate: "frontend:migrate-tweaks" }\n');
    await on.done('frontend', '--set-vm-mad');
    expect(on.tree.read('/etc/one/oned.conf')).toBe(onedConf(merged));
  });

  test('a line that was set manually must be reverted manually, before the drivers are removed', async () => {
    await on.installed(['frontend']);
    on.tree.write('/etc/one/oned.conf', onedConf(selected));
    const before = on.tree.picture();
    const { exit, stderr } = await on.install('uninstall');
    expect(exit).toBe(1);
    expect(stderr).toContain('set ARGUMENTS = "-t 15 -r 0 kvm -p" in the VM_MAD named "kvm"');
    expect(on.tree.picture()).toEqual(before);
    on.tree.write('/etc/one/oned.conf', onedConf());
    await on.done('uninstall');
  });

  test.each([
    ['migrate=migrate-guard', '', '-t 15 kvm -p'],
    ['save=save-guard', '', '-t 15 kvm -p'],
    ['MIGRATE=migrate-guard', '', '-t 15 kvm -p'],
    ['migrate=migrate-guard', 'opennebula:\n  migrate: frontend:x\n', '-t 15 kvm -p -l migrate=x'],
  ])('%s was selected manually before (%j): no removed driver is restored', async (one, config, after) => {
    if (config) on.tree.write('/etc/migrate-guard/config.yaml', config);
    on.tree.write('/etc/one/oned.conf', onedConf(`-t 15 kvm -p -l ${one}`));
    await on.done('frontend', '--set-vm-mad');
    for (const dryRun of [['--dry-run'], []])
      expect(await on.done('uninstall', ...dryRun)).toContain(`oned.conf: ARGUMENTS = "${after}"\nremoved `);
    expect(on.tree.read('/etc/one/oned.conf')).toBe(onedConf(after));
    expect(on.tree.list('/etc/one')).toEqual(['/etc/one', '/etc/one/oned.conf']);
  });

  test('as long as another VM_MAD selects them, the drivers stay', async () => {
    const qemu = (text: string, args: string): string => text.replace('-t 15 -r 0 kvm"', `${args}"`);
    on.tree.write('/etc/one/oned.conf', qemu(onedConf(), '-t 15 kvm -l migrate=migrate-guard'));
    await on.done('frontend', '--set-vm-mad');
    const before = on.tree.picture();
    for (const dryRun of [['--dry-run'], []]) {
      const { exit, stderr } = await on.install('uninstall', ...dryRun);
      expect(exit).toBe(1);
      expect(stderr).toMatch(/oned\.conf selects migrate-guard, and was not set by install\.sh/);
      expect(stderr).toMatch(/\n {2}-> set ARGUMENTS = "-t 15 kvm" in the VM_MAD named "qemu", restart/);
      expect(on.tree.picture()).toEqual(before);
    }
    on.tree.write('/etc/one/oned.conf', qemu(onedConf(selected), '-t 15 kvm'));
    await on.done('uninstall');
    expect(on.tree.read('/etc/one/oned.conf')).toBe(qemu(onedConf(), '-t 15 kvm'));
    expect(on.tree.list('/var/lib/one').filter((path) => path.endsWith('-guard'))).toEqual([]);
  });

  test.each([
    ['as it was: what was kept of it goes, too', '', 'removed    ', []],
    [
      'and changed more: what was kept of it stays',
      'PORT = 2633\n',
      'left       ',
      ['/etc/one/oned.conf.before-migrate-guard'],
    ],
    [
      'and left them in a comment: what was kept of it stays',
      '# -l migrate=migrate-guard\n',
      'left       ',
      ['/etc/one/oned.conf.before-migrate-guard'],
    ],
  ])('the admin has reverted oned.conf manually, %s, and a message says so', async (_, more, word, left) => {
    await on.installed(['frontend', '--set-vm-mad']);
    on.tree.write('/etc/one/oned.conf', `${onedConf()}${more}`, { mode: 0o640, gid: oneadmin });
    const before = on.tree.picture();
    const line = new RegExp(`^${word}\\S*/etc/one/oned.conf.before-migrate-guard`, 'm');
    expect(await on.done('uninstall', '--dry-run')).toMatch(line);
    expect(on.tree.picture()).toEqual(before);
    expect(await on.done('uninstall')).toMatch(line);
    expect(on.tree.list('/etc/one')).toEqual(['/etc/one', '/etc/one/oned.conf', ...left]);
  });

  test('other changes of the admin in oned.conf stay', async () => {
    await on.installed(['frontend', '--set-vm-mad']);
    appendFileSync(on.tree.path('/etc/one/oned.conf'), 'PORT = 2633\n');
    expect(await on.done('uninstall')).toContain('left       ');
    expect(on.tree.read('/etc/one/oned.conf')).toBe(`${onedConf()}PORT = 2633\n`);
  });
});

describe('the copy of oned.conf', () => {
  const conf = '/etc/one/oned.conf';
  const copy = `${conf}.before-migrate-guard`;

  test('an older one stays, under another name, and uninstall names it', async () => {
    await on.installed(['frontend', '--set-vm-mad']);
    for (const [index, threads] of [16, 17].entries()) {
      on.tree.write(conf, onedConf(`-t ${threads} kvm`), { mode: 0o640, gid: oneadmin });
      expect(await on.done('frontend', '--set-vm-mad')).toContain(`${copy}.${index + 1}: what `);
    }
    expect(on.tree.read(`${copy}.1`)).toBe(onedConf());
    expect(on.tree.read(`${copy}.2`)).toBe(onedConf('-t 16 kvm'));
    expect(on.tree.read(copy)).toBe(onedConf('-t 17 kvm'));
    const said = await on.done('uninstall');
    // monitord keeps the values that no probe reports any more (VirtualMachineMonitorInfo.cc, from_template).
    expect(said).toMatch(/MIGRATE_GUARD.* keep their last values[^]*VM_MONITORING_EXPIRATION_TIME = 0/);
    for (const older of [`${copy}.1`, `${copy}.2`]) expect(said).toContain(`left       ${older}: `);
    expect(on.tree.read(conf)).toBe(onedConf('-t 17 kvm'));
    expect(on.tree.list('/etc/one')).toEqual(['/etc/one', conf, `${copy}.1`, `${copy}.2`]);
  });

  test('an identical one is not kept as an older one', async () => {
    await on.installed(['frontend', '--set-vm-mad']);
    on.tree.write(conf, onedConf(), { mode: 0o640, gid: oneadmin });
    await on.done('frontend', '--set-vm-mad');
    expect(on.tree.list('/etc/one')).toEqual(['/etc/one', conf, copy]);
  });

  const refused = async (what: string): Promise<void> => {
    const before = on.tree.picture();
    const { exit, stderr } = await on.install('frontend', '--set-vm-mad');
    expect({ exit, stderr }).toEqual({ exit: 1, stderr: expect.stringContaining(what) as string });
    expect(stderr).toMatch(/\n {2}-> ./);
    expect(on.tree.picture()).toEqual(before);
  };

  test.each(['target', 'nothing'])('a link in its place is not followed: to %s', async (target) => {
    on.tree.write('/etc/target', 'x');
    symlinkSync(on.tree.path(`/etc/${target}`), on.tree.path(copy));
    await refused(`${copy} is in the way`);
  });

  test.each([
    ['that all users can write', '/etc/one', 0o777, 0],
    ['that a group can write', '/etc/one', 0o775, 0],
    ['that all users can write, sticky', '/etc/one', 0o1777, 0],
    ['of another user', '/etc/one', 0o755, oneadmin],
    ['that another user can replace', '/etc', 0o777, 0],
  ])('a directory %s', async (_, path, mode, owner) => {
    chmodSync(on.tree.path(path), mode);
    chownSync(on.tree.path(path), owner, 0);
    await refused(`${on.tree.path(path)} can be changed by others than root`);
    // None of this matters if oned.conf is only shown.
    await on.done('frontend');
  });
});

test.each([
  ['migrate: migrate-guard', 'opennebula.migrate names migrate-guard, which is the guard itself'],
  ['save: frontend:save-tweaks', 'save-tweaks is not there'],
])('verify reports a mover that cannot be used: %s', async (line, what) => {
  await on.installed(['frontend', '--set-vm-mad']);
  on.tree.write('/etc/migrate-guard/config.yaml', `opennebula:\n  ${line}\n`);
  const { exit, stdout } = await on.install('verify');
  expect([exit, stdout]).toEqual([1, expect.stringContaining(what)]);
});
