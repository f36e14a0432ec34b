import { appendFileSync, writeFileSync } from 'node:fs';
import { useTree } from '../installation/use-tree';

const on = useTree();

test('one part is removed, and the other stays complete; shared files are removed with the last', async () => {
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

test('an edited configuration, logs and records stay; changed scripts are removed, with a message', async () => {
  await on.installed(['frontend'], ['host']);
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

test('files that a newer release no longer has are removed', async () => {
  const older = on.source.copy();
  writeFileSync(older.file('remotes/tm/migrate-guard/old/script'), '#!/bin/sh\n');
  expect((await older.install('frontend', '--root', on.tree.root)).exit).toBe(0);
  older.remove();
  const old = 'var/lib/one/remotes/tm/migrate-guard/old';
  expect(on.tree.list('')).toContain(`${old}/script`);
  await on.done('frontend');
  expect(on.tree.list('').filter((path) => path.startsWith(old))).toEqual([]);
});
