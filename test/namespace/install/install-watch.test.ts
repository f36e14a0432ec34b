import type { CommandResult } from '../../../src/os/run-command';
import { useMachine } from '../installation/use-machine';

/** systemd does not run in a namespace: a stand-in for systemctl writes down how it is called. */

const on = useMachine();
const unit = '/usr/lib/systemd/system/migrate-guard-watch.service';

function install(...argv: readonly string[]): Promise<CommandResult> {
  return on.machine.root([on.source.file('install.sh'), ...argv]);
}

async function shell(script: string): Promise<string> {
  const { exit, stdout, stderr } = await on.machine.root(['sh', '-c', script]);
  expect([exit, stderr]).toEqual([0, '']);
  return stdout;
}

async function orders(): Promise<string[]> {
  return (await shell('cat /mnt/orders; : >/mnt/orders')).trim().split('\n');
}

const standIn = `mkdir -p /run/systemd/system && : >/mnt/orders
cat >/usr/bin/systemctl <<'EOF'
#!/bin/sh
echo "$@" >>/mnt/orders
EOF
chmod 755 /usr/bin/systemctl`;

test('--watch starts the watcher now and at each boot; an upgrade restarts it; uninstall stops it first', async () => {
  await shell(standIn);
  expect(await install('host', '--watch')).toMatchObject({ exit: 0 });
  expect(await orders()).toEqual([
    'daemon-reload',
    'enable --quiet migrate-guard-watch.service',
    'restart migrate-guard-watch.service',
  ]);
  expect(await install('host')).toMatchObject({ exit: 0 });
  expect(await orders()).toEqual([
    'daemon-reload',
    'is-active --quiet migrate-guard-watch.service',
    'restart migrate-guard-watch.service',
  ]);
  expect(await install('uninstall', 'host', '--dry-run')).toMatchObject({ exit: 0 });
  expect(await orders()).toEqual(['']);
  expect(await install('uninstall', 'host')).toMatchObject({ exit: 0 });
  expect(await orders()).toEqual(['disable --now --quiet migrate-guard-watch.service', 'daemon-reload']);
  await shell(`test ! -e ${unit}`);
});

test('without systemd the unit is there for later, and --watch is refused before anything is changed', async () => {
  await shell('rm -rf /run/systemd/system');
  const before = await on.machine.picture();
  const { exit, stderr } = await install('host', '--watch');
  expect([exit, stderr]).toEqual([1, expect.stringContaining('--watch needs systemd and its directory')]);
  expect(await on.machine.picture()).toEqual(before);
  expect((await install('frontend', '--watch')).exit).toBe(64);
  expect((await install('host', '--watch', '--root', '/mnt')).exit).toBe(64);
  expect(await install('host')).toMatchObject({ exit: 0 });
  await shell(`systemd-analyze verify --man=no ${unit}`);
  const security = 'systemd-analyze security --offline=true --no-pager --json=short';
  const settings = JSON.parse(await shell(`${security} ${unit}`)) as { name: string; set: boolean | null }[];
  const set = new Map(settings.map(({ name, set: isSet }) => [name, isSet]));
  // Each of these would hide the host's mounts or devices from the watcher, or stop V8.
  const hiding = /^(?:Root|Protect(?!Hostname)|Private(?!Network|Users)|ProcSubset|Device|MemoryDeny)/;
  const hidden = [...set].filter(([name]) => hiding.test(name));
  expect(hidden.length).toBeGreaterThan(10);
  expect(hidden.filter(([, isSet]) => isSet !== false)).toEqual([]);
  const given = ['NoNewPrivileges=', 'RestrictAddressFamilies=~AF_(INET|INET6)', 'RestrictNamespaces=~mnt'];
  const more = [
    'CapabilityBoundingSet=~CAP_SYS_ADMIN',
    'SystemCallFilter=~@mount',
    'SystemCallFilter=~@module',
  ];
  expect([...given, ...more].map((name) => [name, set.get(name)])).toEqual(
    [...given, ...more].map((name) => [name, true]),
  );
});
