import { put } from './install-in-lab';
import { useOpenNebulaStage } from './opennebula-stage';

/** The drivers that VM_MAD names, as oned starts them. */

const stage = useOpenNebulaStage();
const local = 'migrate-guard';

describe.each(['debian', 'affected'] as const)('with the %s QEMU', (emulator) => {
  test('a healthy VM is moved, without a message', async () => {
    const domain = await stage.startDomain({ emulator });
    const moved = await stage.migrate(domain, 'kvm2', { local });
    expect([moved.exit, moved.log]).toEqual([0, []]);
    await stage.expectEndOn('kvm2', domain);
  });

  test('the incident: repaired and moved at the first command', async () => {
    const domain = await stage.startDomain({ emulator, disks: 2 });
    stage.lab.relink(domain, 1);
    const moved = await stage.migrate(domain, 'kvm2', { local });
    expect(moved.exit).toBe(0);
    expect(moved.log).toContainEqual(
      expect.stringMatching(/^\[I\]: migrate-guard: repair: \/dev\/storpool-byid/),
    );
    await stage.expectEndOn('kvm2', domain);
  });

  test('a VM after a failed unguarded migration is reset first', async () => {
    const domain = await stage.startDomain({ emulator });
    stage.lab.relink(domain);
    const unguarded = await stage.migrate(domain, 'kvm2');
    expect([unguarded.exit, unguarded.reply]).toEqual([1, expect.stringContaining('Could not migrate')]);
    expect((await stage.migrate(domain, 'kvm2', { local })).exit).toBe(0);
    await stage.expectEndOn('kvm2', domain);
  });
});

test('the action is recorded on the front-end, because vm.log contains nothing of a success', async () => {
  const domain = await stage.startDomain();
  expect((await stage.migrate(domain, 'kvm2', { local })).exit).toBe(0);
  expect(stage.recorded(domain)).toMatchObject([{ guard: 'ran', result: 'done', did: [], warnings: [] }]);
  const there = domain.on(stage.lab.host('kvm2'));
  stage.lab.relink(there);
  const off = await stage.migrate(there, 'kvm1', { local, userTemplate: { MIGRATE_GUARD_MODE: 'off' } });
  // Only the mover runs, and it fails as it would without the guard.
  expect([off.exit, off.reply]).toEqual([1, expect.stringContaining('Could not migrate')]);
  expect(stage.recorded(domain)[0]).toMatchObject({ guard: 'off', mode: 'off', result: 'failed', exit: 1 });
  expect((await stage.migrate(there, 'kvm1', { local })).exit).toBe(0);
  expect(stage.recorded(domain)).toMatchObject([
    { source: 'kvm2', destination: 'kvm1', guard: 'ran', mode: null, result: 'done' },
    { source: 'kvm2', guard: 'off' },
    { source: 'kvm1' },
  ]);
  expect(stage.recorded(domain)[0]?.did).toContainEqual(
    expect.stringMatching(/^repair: \/dev\/storpool-byid/),
  );
  await stage.expectEndOn('kvm1', domain.on(stage.lab.host('kvm1')));
});

test('with MIGRATE_GUARD_MODE warn the mover runs where the guard would refuse', async () => {
  const domain = await stage.startMisled();
  stage.script('vmm/kvm/moving-only', '#!/bin/sh\ncat >/dev/null; echo "$2" >/var/tmp/moved\n');
  stage.configure('opennebula: { migrate: moving-only }\n');
  const moved = await stage.migrate(domain, 'kvm2', { local, userTemplate: { MIGRATE_GUARD_MODE: 'warn' } });
  expect([moved.exit, domain.host.read('/var/tmp/moved')]).toEqual([0, 'kvm2\n']);
  const reported =
    /^MIGRATE_GUARD_MODE is warn: it was moved, and would have been refused: .*leads to block device/;
  expect(stage.recorded(domain)).toMatchObject([
    { guard: 'ran', mode: 'warn', result: 'done', warnings: [expect.stringMatching(reported)] },
  ]);
  await domain.destroy();
});

test('a half-inactive VM is reset first', async () => {
  const domain = await stage.lab.startSilent(700, { host: 'kvm1', emulator: 'affected' });
  stage.lab.relink(domain, 1);
  expect((await stage.migrate(domain, 'kvm2')).exit).toBe(1);
  expect((await stage.migrate(domain, 'kvm2', { local })).exit).toBe(0);
  await stage.expectOnlyOn('kvm2', domain);
  await domain.on(stage.lab.host('kvm2')).expectCounting();
  await domain.on(stage.lab.host('kvm2')).destroy();
});

test.each(['6.6', '7.2', '7.4'] as const)(
  'a refusal shows its reason under the rules of %s',
  async (release) => {
    const domain = await stage.startMisled();
    const refused = await stage.migrate(domain, 'kvm2', { local, release });
    expect(refused.exit).toBe(1);
    // The text is complete: nothing of it is cut, although 6.6 appends the log lines to it.
    expect(refused.error).toMatch(/^MIGRATE: migrate-guard: vda.{1,66}[.!?]( ERROR|$)/);
    expect(refused.log).toContainEqual(
      expect.stringMatching(/^\[E\]: migrate-guard: one-\d+: vda .*leads to block device/),
    );
    await domain.destroy();
  },
);

test('a VM on which another process works is not moved', async () => {
  const domain = await stage.startDomain();
  const slow = 'touch /var/tmp/slow; until [ -e /var/tmp/go-on ]; do sleep 0.05; done; exit 7';
  stage.script('vmm/kvm/slow', `#!/bin/sh\ncat >/dev/null; ${slow}\n`);
  stage.configure('opennebula: { migrate: slow }\n');
  const first = stage.migrate(domain, 'kvm2', { local });
  await stage.untilExists('kvm1', '/var/tmp/slow');
  const second = await stage.migrate(domain, 'kvm2', { local });
  expect([second.exit, second.reply]).toEqual([
    5,
    expect.stringContaining('locked by another migrate-guard (process'),
  ]);
  put(domain.host, '/var/tmp/go-on', '', 0o644);
  expect((await first).exit).toBe(7);
  await stage.expectEndOn('kvm1', domain);
});

test('a deploy id that is a UUID', async () => {
  const domain = await stage.startDomain();
  stage.lab.relink(domain);
  const uuid = await domain.host.virsh('domuuid', domain.name);
  const moved = await stage.migrate(domain, 'kvm2', { local, deployId: uuid });
  expect([moved.exit, moved.log.length]).toEqual([0, 1]);
  await stage.expectEndOn('kvm2', domain);
});

test('in place of the stock script on the source host', async () => {
  const domain = await stage.startDomain();
  stage.lab.relink(domain);
  const host = stage.lab.host('kvm1');
  const scripts = '/var/tmp/one/vmm/kvm';
  const stock = host.read(`${scripts}/migrate`);
  put(host, `${scripts}/migrate.stock`, stock, 0o755);
  put(host, `${scripts}/migrate`, host.read(`${scripts}/migrate-guard`), 0o755);
  try {
    const itself = await stage.migrate(domain, 'kvm2');
    expect([itself.exit, itself.reply]).toEqual([
      64,
      'migrate-guard: the configured mover is migrate-guard itself.ExitCode: 64',
    ]);
    stage.configure('opennebula: { migrate: migrate.stock }\n');
    const moved = await stage.migrate(domain, 'kvm2');
    const repaired = expect.stringMatching(/^\[I\]: migrate-guard: repair: /) as string;
    expect([moved.exit, moved.log]).toEqual([0, [repaired, '[I]: ExitCode: 0']]);
    await stage.expectEndOn('kvm2', domain);
  } finally {
    put(host, `${scripts}/migrate`, stock, 0o755);
  }
});

test('save and restore under guard', async () => {
  const domain = await stage.startDomain({ disks: 2 });
  stage.lab.relink(domain, 1);
  const file = `/var/lib/one/datastores/0/${domain.name}.checkpoint`;
  expect((await stage.save(domain, file)).exit).toBe(1);
  const saved = await stage.save(domain, file, { local: 'save-guard' });
  expect(saved.exit).toBe(0);
  expect(saved.log).toContainEqual(expect.stringMatching(/^\[I\]: migrate-guard: repair: /));
  await domain.host.virsh('restore', file);
  const restored = domain.on(stage.lab.host('kvm1'));
  await stage.expectAliveOn('kvm1', restored);
  await restored.destroy();
});

test('a driver that is killed during the move: the VM ends in one place, and the next move completes', async () => {
  const domain = await stage.startDomain();
  stage.script(
    'vmm/kvm/slowly',
    '#!/bin/sh\ntouch /var/tmp/slowly; sleep 2; exec "${0%slowly}migrate" "$@"\n',
  );
  stage.configure('opennebula: { migrate: slowly }\n');
  const moving = stage.migrate(domain, 'kvm2', { local });
  await stage.untilExists('kvm1', '/var/tmp/slowly');
  await stage.front.succeed(['pkill', '-KILL', '-f', `plugin.cjs migrate-guard ${domain.name}`]);
  expect((await moving).exit).not.toBe(0);
  // The mover continues, as the stock driver's would; the agent's standby lasts until libvirt's job has ended.
  await stage.untilFree(domain);
  const runs = await stage.lab.whereRuns(domain);
  const host = runs['kvm2']?.state === 'running' ? 'kvm2' : 'kvm1';
  const there = await stage.expectAliveOn(host, domain);
  stage.configure('{}\n');
  const other = host === 'kvm2' ? 'kvm1' : 'kvm2';
  expect((await stage.migrate(there, other, { local })).exit).toBe(0);
  await (await stage.expectAliveOn(other, there)).destroy();
});
