import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Domain, Emulator } from './harness';
import { OpenNebulaStage, put } from './opennebula-stage';

let stage: OpenNebulaStage;
let vmId = 600;

beforeAll(async () => {
  stage = await OpenNebulaStage.start();
});
afterAll(() => stage.stop());
afterEach(() => stage.configure('{}\n'));

const local = 'migrate-guard';

function start(options: { disks?: number; emulator?: Emulator } = {}): Promise<Domain> {
  return stage.lab.startDomain(vmId++, { host: 'kvm1', ...options });
}

async function wrongDevice(): Promise<Domain> {
  const domain = await start();
  const name = `other-${domain.name}`;
  await stage.lab.volume({ name });
  stage.lab.host('kvm1').link(domain.disks[0]?.path ?? '', `/dev/storpool/${name}`);
  return domain;
}

async function expectMoved(domain: Domain): Promise<void> {
  const there = await stage.expectAliveOn('kvm2', domain);
  await there.destroy();
}

async function expectHere(domain: Domain): Promise<void> {
  await stage.expectAliveOn('kvm1', domain);
  await domain.destroy();
}

describe.each(['debian', 'affected'] as const)('with the %s QEMU', (emulator) => {
  test('a healthy VM is moved, and nothing is said', async () => {
    const domain = await start({ emulator });
    const moved = await stage.migrate(domain, 'kvm2', { local });
    expect([moved.exit, moved.log]).toEqual([0, []]);
    await expectMoved(domain);
  });

  test('the incident: repaired and moved at the first command', async () => {
    const domain = await start({ emulator, disks: 2 });
    stage.lab.relink(domain, 1);
    const moved = await stage.migrate(domain, 'kvm2', { local });
    expect(moved.exit).toBe(0);
    expect(moved.log).toContainEqual(
      expect.stringMatching(/^INFO: migrate-guard: repair: \/dev\/storpool-byid/),
    );
    await expectMoved(domain);
  });

  test('what an unguarded migration left behind is healed first', async () => {
    const domain = await start({ emulator });
    stage.lab.relink(domain);
    const unguarded = await stage.migrate(domain, 'kvm2');
    expect([unguarded.exit, unguarded.reply]).toEqual([1, expect.stringContaining('Could not migrate')]);
    expect((await stage.migrate(domain, 'kvm2', { local })).exit).toBe(0);
    await expectMoved(domain);
  });
});

test('half-inactive is healed first', async () => {
  // A guest that writes nothing: its first write would kill it before anybody could help.
  const disks = ['vda', 'vdb'].map(async (target) => ({
    target,
    volume: await stage.lab.volume({ writesTo: [] }),
  }));
  const domain = await stage.lab.startDomain(vmId++, {
    host: 'kvm1',
    emulator: 'affected',
    disks: await Promise.all(disks),
  });
  stage.lab.relink(domain, 1);
  expect((await stage.migrate(domain, 'kvm2')).exit).toBe(1);
  expect((await stage.migrate(domain, 'kvm2', { local })).exit).toBe(0);
  await stage.expectOnlyOn('kvm2', domain);
  await domain.on(stage.lab.host('kvm2')).expectCounting();
  await domain.on(stage.lab.host('kvm2')).destroy();
});

test.each(['6.6', '7.0'] as const)('a veto tells its reason under the rules of %s', async (rules) => {
  const domain = await wrongDevice();
  const refused = await stage.migrate(domain, 'kvm2', { local, rules });
  expect(refused.exit).toBe(1);
  expect(refused.reply).toContain(`migrate-guard: ${domain.name}: vda `);
  expect(refused.reply).toMatch(/leads to block device .*\.$/);
  expect(refused.log[0]).toMatch(/^ERROR: migrate-guard: one-\d+: vda .*leads to block device/);
  await domain.destroy();
});

describe('a mover', () => {
  test('gets the arguments and the input that OpenNebula would have given to it', async () => {
    const domain = await start();
    stage.script(
      'vmm/kvm/say',
      '#!/bin/sh\n{ for word; do echo "<$word>"; done; id -un; cat; } >/var/tmp/said; exec "${0%say}migrate" "$@" </dev/null\n',
    );
    stage.configure('opennebula: { migrate: say }\n');
    expect((await stage.migrate(domain, 'kvm2', { local })).exit).toBe(0);
    const said = stage.lab.host('kvm1').read('/var/tmp/said').split('\n');
    const id = domain.name.replace('one-', '');
    expect(said.slice(0, 6)).toEqual([
      `<${domain.name}>`,
      '<kvm2>',
      '<kvm1>',
      `<${id}>`,
      '<kvm1>',
      'oneadmin',
    ]);
    expect(said.slice(6)).toEqual([stage.actionData(domain, 'kvm2')]);
    await expectMoved(domain);
  });

  test('that fails for a reason of its own is not tried again, and has the first word', async () => {
    const domain = await start();
    stage.script(
      'vmm/kvm/broken',
      '#!/bin/sh\ncat >/dev/null; echo tried >>/var/tmp/tries; echo "CPU mismatch" >&2; exit 42\n',
    );
    stage.configure('opennebula: { migrate: broken }\n');
    const failed = await stage.migrate(domain, 'kvm2', { local });
    expect([failed.exit, failed.log[0]]).toEqual([42, 'CPU mismatch']);
    expect(failed.reply).toMatch(/^CPU mismatch/);
    expect(stage.lab.host('kvm1').read('/var/tmp/tries')).toBe('tried\n');
    await expectHere(domain);
  });

  test('on the front-end, as StorPool has it, gets Base64', async () => {
    const domain = await start();
    stage.lab.relink(domain);
    stage.script(
      'vmm/kvm/migrate-tweaks',
      '#!/bin/bash\nbase64 -d >/var/tmp/tweaks || exit 9\nvirsh --connect "qemu+ssh://$3/system" migrate --live "$1" "qemu+ssh://$2/system"\n',
    );
    stage.configure('opennebula: { migrate: "frontend:migrate-tweaks" }\n');
    const moved = await stage.migrate(domain, 'kvm2', { local });
    expect([moved.exit, moved.log.length]).toEqual([0, 1]);
    expect(stage.front.read('/var/tmp/tweaks')).toBe(stage.actionData(domain, 'kvm2'));
    await expectMoved(domain);
  });

  test('whose paths break under way is given a second attempt, once QEMU has its disks back', async () => {
    const domain = await start({ emulator: 'affected' });
    const [disk] = domain.disks;
    if (disk?.volume === undefined) throw new Error('the domain has no volume');
    const link = stage.lab.linkById(disk.volume, 'late');
    stage.script(
      'vmm/kvm/late',
      `#!/bin/sh\n[ -e /var/tmp/late ] || { touch /var/tmp/late; ln -sfn ${link} ${disk.path}; }\nexec "\${0%late}migrate" "$@"\n`,
    );
    stage.configure('opennebula: { migrate: late }\n');
    const moved = await stage.migrate(domain, 'kvm2', { local });
    expect(moved.exit).toBe(0);
    expect(moved.log).toContainEqual(
      expect.stringMatching(/^INFO: migrate-guard: re-activate: QEMU took its disks back/),
    );
    await expectMoved(domain);
  });
});

describe('a guard that cannot run', () => {
  const cases = [
    ['no host half', 'kvm1', ['rm', '/usr/lib/migrate-guard/migrate-guard']],
    [
      'a host half of another release',
      'kvm1',
      [
        'sh',
        '-c',
        'cd /usr/lib/migrate-guard && mv migrate-guard real && install /dev/stdin migrate-guard <<"END"\n#!/bin/sh\nsed -u \'s/"version":"[0-9.]*"/"version":"9.9.9"/\' | /usr/lib/migrate-guard/real host\nEND',
      ],
    ],
    [
      'a host half that hangs',
      'kvm1',
      ['sh', '-c', 'printf "#!/bin/sh\\nexec sleep 100\\n" >/usr/lib/migrate-guard/migrate-guard'],
    ],
    ['sudo refuses', 'kvm1', ['rm', '/etc/sudoers.d/migrate-guard']],
    ['no Node on the front-end', 'front', ['mv', '/usr/bin/node', '/usr/bin/node.away']],
    ['no plugin on the front-end', 'front', ['rm', '/var/lib/one/remotes/migrate-guard/plugin.cjs']],
  ] as const satisfies readonly (readonly [string, string, readonly [string, ...string[]]])[];

  test.each(cases)('%s: a healthy VM is moved all the same, and it is said', async (_, on, breakIt) => {
    const domain = await start();
    const host = stage.lab.host(on);
    await host.succeed(breakIt);
    try {
      const moved = await stage.migrate(domain, 'kvm2', { local });
      expect(moved.log).toContainEqual(
        expect.stringMatching(/^WARN: migrate-guard: .*the guard cannot run: /),
      );
      expect(moved.exit).toBe(0);
      await stage.expectAliveOn('kvm2', domain);
      stage.configure('policy:\n  when_guard_fails: refuse\n');
      const back = domain.on(stage.lab.host('kvm2'));
      if (on === 'front') {
        const refused = await stage.migrate(back, 'kvm1', { local });
        expect([refused.exit, refused.reply]).toEqual([2, expect.stringContaining('the guard cannot run')]);
      }
      await back.destroy();
    } finally {
      await stage.install(host);
    }
  });

  test('but one that began and died is no such guard: it may have left the VM half healed, so it stays', async () => {
    const domain = await start();
    const { version } = JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8')) as {
      version: string;
    };
    const hello = `{"kind":"hello","version":"${version}"}`;
    put(domain.host, '/usr/lib/migrate-guard/migrate-guard', `#!/bin/sh\necho '${hello}'\n`, 0o755);
    try {
      const refused = await stage.migrate(domain, 'kvm2', { local });
      expect([refused.exit, refused.reply]).toEqual([2, expect.stringContaining('the guard began its work')]);
      const vetoed = await stage.tm('migrate-guard/premigrate', domain, 'kvm2');
      expect([vetoed.exit, vetoed.reply]).toEqual([2, expect.stringContaining('the guard began its work')]);
    } finally {
      await stage.install(domain.host);
    }
    await expectHere(domain);
  });

  test('and a site that wants it refused', async () => {
    const domain = await start();
    const host = stage.lab.host('kvm1');
    await host.succeed(['rm', '/etc/sudoers.d/migrate-guard']);
    stage.configure('policy: { when_guard_fails: refuse }\n');
    const refused = await stage.migrate(domain, 'kvm2', { local });
    await stage.install(host);
    expect([refused.exit, refused.reply]).toEqual([
      2,
      expect.stringMatching(/^migrate-guard: .*the guard cannot run: .*\.$/),
    ]);
    await expectHere(domain);
  });

  test('a configuration that is broken', async () => {
    const domain = await start();
    stage.configure('polizy: {}\n');
    const moved = await stage.migrate(domain, 'kvm2', { local });
    expect(moved.exit).toBe(0);
    expect(moved.log).toContainEqual(expect.stringContaining('the key polizy is not known'));
    await expectMoved(domain);
  });
});

test('a VM that somebody else works on is not moved', async () => {
  const domain = await start();
  stage.script('vmm/kvm/slow', '#!/bin/sh\ncat >/dev/null; touch /var/tmp/slow; sleep 3; exit 7\n');
  stage.configure('opennebula: { migrate: slow }\n');
  const first = stage.migrate(domain, 'kvm2', { local });
  await stage.untilExists('kvm1', '/var/tmp/slow');
  const second = await stage.migrate(domain, 'kvm2', { local });
  expect([second.exit, second.reply]).toEqual([5, expect.stringContaining('someone else is working on')]);
  expect((await first).exit).toBe(7);
  await expectHere(domain);
});

test('a deploy id that is a UUID', async () => {
  const domain = await start();
  stage.lab.relink(domain);
  const uuid = await domain.host.virsh('domuuid', domain.name);
  const moved = await stage.migrate(domain, 'kvm2', { local, deployId: uuid });
  expect([moved.exit, moved.log.length]).toEqual([0, 1]);
  await expectMoved(domain);
});

test('hosts without keys of their own, reached through a forwarded agent', async () => {
  const domain = await start({ emulator: 'affected' });
  const [disk] = domain.disks;
  if (disk?.volume === undefined) throw new Error('the domain has no volume');
  const link = stage.lab.linkById(disk.volume, 'agent');
  stage.script(
    'vmm/kvm/keyless',
    `#!/bin/sh\n[ -e /var/tmp/keyless ] || { touch /var/tmp/keyless; ln -sfn ${link} ${disk.path}; }\nexec "\${0%keyless}migrate" "$@"\n`,
  );
  stage.configure('opennebula: { migrate: keyless }\n');
  const host = stage.lab.host('kvm1');
  const key = '/var/lib/one/.ssh/id_ed25519';
  const away = host.read(key);
  host.remove(key);
  try {
    const env = await stage.startAgent();
    const moved = await stage.migrate(domain, 'kvm2', { local, env });
    // Only the destination can tell that it has no copy: without the agent QEMU would not get its disks back.
    expect(moved.log).toContainEqual(expect.stringMatching(/re-activate: QEMU took its disks back/));
    expect(moved.exit).toBe(0);
    await expectMoved(domain);
  } finally {
    put(host, key, away, 0o600, 9869);
  }
});

test('storage that is not shared: the destination need not have the paths yet', async () => {
  const domain = await start();
  const [disk] = domain.disks;
  stage.lab.host('kvm2').remove(disk?.via ?? '');
  const refused = await stage.migrate(domain, 'kvm2', { local });
  expect([refused.exit, refused.reply]).toEqual([1, expect.stringContaining('leads to nothing on kvm2')]);
  stage.script(
    'vmm/kvm/copying',
    `#!/bin/sh\nssh "$2" ln -s ../${disk?.volume?.name ?? ''} ${disk?.via ?? ''} || exit 8\nexec "\${0%copying}migrate" "$@"\n`,
  );
  await stage.lab.host('kvm2').succeed(['chmod', '777', '/dev/storpool']);
  stage.configure('opennebula: { migrate: copying }\n');
  expect((await stage.migrate(domain, 'kvm2', { local, shared: 'NO' })).exit).toBe(0);
  await expectMoved(domain);
});

test('a move to another datastore of the same host is the mover’s alone', async () => {
  const domain = await start();
  stage.script('vmm/kvm/copying-only', '#!/bin/sh\ncat >/dev/null; echo "$2" >/var/tmp/copied\n');
  stage.configure('opennebula: { migrate: copying-only }\n');
  await domain.host.succeed(['rm', '/etc/sudoers.d/migrate-guard']);
  try {
    const moved = await stage.migrate(domain, 'kvm1', { local });
    expect([moved.exit, moved.log]).toEqual([0, []]);
    expect(domain.host.read('/var/tmp/copied')).toBe('kvm1\n');
  } finally {
    await stage.install(domain.host);
  }
  await expectHere(domain);
});

test('in the place of the stock script on the source host', async () => {
  const domain = await start();
  stage.lab.relink(domain);
  const host = stage.lab.host('kvm1');
  const scripts = '/var/tmp/one/vmm/kvm';
  const stock = host.read(`${scripts}/migrate`);
  put(host, `${scripts}/migrate.stock`, stock, 0o755);
  put(host, `${scripts}/migrate`, host.read(`${scripts}/migrate-guard`), 0o755);
  try {
    const itself = await stage.migrate(domain, 'kvm2');
    expect([itself.exit, itself.reply]).toEqual([64, expect.stringContaining('which is this very script')]);
    stage.configure('opennebula: { migrate: migrate.stock }\n');
    const moved = await stage.migrate(domain, 'kvm2');
    expect([moved.exit, moved.log.length]).toEqual([0, 1]);
    await expectMoved(domain);
  } finally {
    put(host, `${scripts}/migrate`, stock, 0o755);
  }
});

test('save and restore under guard', async () => {
  const domain = await start({ disks: 2 });
  stage.lab.relink(domain, 1);
  const file = `/var/lib/one/datastores/0/${domain.name}.checkpoint`;
  expect((await stage.save(domain, file)).exit).toBe(1);
  const saved = await stage.save(domain, file, { local: 'save-guard' });
  expect(saved.exit).toBe(0);
  expect(saved.log).toContainEqual(expect.stringMatching(/^INFO: migrate-guard: repair: /));
  await domain.host.virsh('restore', file);
  const restored = domain.on(stage.lab.host('kvm1'));
  await stage.expectAliveOn('kvm1', restored);
  await restored.destroy();
});

test('a driver that is killed in the middle: the VM ends in one place, and the next one completes', async () => {
  const domain = await start();
  stage.script(
    'vmm/kvm/slowly',
    '#!/bin/sh\ntouch /var/tmp/slowly; sleep 2; exec "${0%slowly}migrate" "$@"\n',
  );
  stage.configure('opennebula: { migrate: slowly }\n');
  const moving = stage.migrate(domain, 'kvm2', { local });
  await stage.untilExists('kvm1', '/var/tmp/slowly');
  await stage.front.succeed(['pkill', '-KILL', '-f', `plugin.cjs migrate-guard ${domain.name}`]);
  expect((await moving).exit).not.toBe(0);
  // The mover goes on, as the stock driver's would; the host half stands by until libvirt's job has ended.
  await stage.untilFree(domain);
  const runs = await stage.lab.whereRuns(domain);
  const host = runs['kvm2']?.state === 'running' ? 'kvm2' : 'kvm1';
  const there = await stage.expectAliveOn(host, domain);
  stage.configure('{}\n');
  const other = host === 'kvm2' ? 'kvm1' : 'kvm2';
  expect((await stage.migrate(there, other, { local })).exit).toBe(0);
  await (await stage.expectAliveOn(other, there)).destroy();
});
