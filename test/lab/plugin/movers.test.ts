import { put } from './install-in-lab';
import { useOpenNebulaStage } from './opennebula-stage';
import { actionData } from './stock-opennebula';

/** The movers that the driver runs: scripts of the site and of storage vendors. */

const stage = useOpenNebulaStage();
const local = 'migrate-guard';

describe('a mover', () => {
  test('gets the arguments and the input that OpenNebula would have given to it', async () => {
    const domain = await stage.startDomain();
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
    expect(said.slice(6)).toEqual([actionData(domain, 'kvm2')]);
    await stage.expectEndOn('kvm2', domain);
  });

  test('that fails for an unrelated reason is not retried, and its message comes first', async () => {
    const domain = await stage.startDomain();
    stage.script(
      'vmm/kvm/broken',
      '#!/bin/sh\ncat >/dev/null; echo tried >>/var/tmp/tries; echo "CPU mismatch" >&2; exit 42\n',
    );
    stage.configure('opennebula: { migrate: broken }\n');
    const failed = await stage.migrate(domain, 'kvm2', { local });
    expect([failed.exit, failed.log[1]]).toEqual([42, '[I]: CPU mismatch']);
    expect(failed.reply).toMatch(/^CPU mismatch/);
    expect(stage.lab.host('kvm1').read('/var/tmp/tries')).toBe('tried\n');
    await stage.expectEndOn('kvm1', domain);
  });

  test('on the front-end, as with StorPool, gets Base64', async () => {
    const domain = await stage.startDomain();
    stage.lab.relink(domain);
    stage.script(
      'vmm/kvm/migrate-tweaks',
      '#!/bin/bash\nbase64 -d >/var/tmp/tweaks || exit 9\nvirsh --connect "qemu+ssh://$3/system" migrate --live "$1" "qemu+ssh://$2/system"\n',
    );
    stage.configure('opennebula: { migrate: "frontend:migrate-tweaks" }\n');
    const moved = await stage.migrate(domain, 'kvm2', { local });
    expect([moved.exit, moved.log.length]).toEqual([0, 1]);
    expect(stage.front.read('/var/tmp/tweaks')).toBe(actionData(domain, 'kvm2'));
    await stage.expectEndOn('kvm2', domain);
  });

  test('whose paths break during the move gets a second attempt, after QEMU has its disks back', async () => {
    const domain = await stage.startDomain({ emulator: 'affected' });
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
      expect.stringMatching(/^\[I\]: migrate-guard: re-activate: QEMU took its disks back/),
    );
    await stage.expectEndOn('kvm2', domain);
  });
});

describe('a mover that has moved the VM', () => {
  /** A mover that runs a command after the stock script has succeeded; with `--suspend`, the guest arrives paused. */
  const mover = (name: string, afterwards: string, options = ''): void => {
    const move = `virsh --connect qemu:///system migrate --live ${options} "$1" "qemu+ssh://$2/system"`;
    stage.script(`vmm/kvm/${name}`, `#!/bin/sh\ncat >/dev/null; ${move} || exit 9; ${afterwards}\n`);
    stage.configure(`opennebula: { migrate: ${name} }\n`);
  };
  const fails = 'echo "Cannot redefine snapshots" >&2; exit 42';
  const warning = (what: string): string =>
    expect.stringMatching(`^\\[W\\]: migrate-guard: ${what}`) as string;

  test('and fails afterwards: OpenNebula gets a success, and nothing takes its disks away', async () => {
    const domain = await stage.startDomain();
    mover('failing', fails);
    const moved = await stage.migrate(domain, 'kvm2', { local });
    const words = `${domain.name}: it runs on kvm2, although the mover failed: Cannot redefine snapshots`;
    expect([moved.exit, moved.log]).toEqual([0, ['[I]: Cannot redefine snapshots', warning(`${words}$`)]]);
    // OpenNebula would have run this script after a failure.
    const failed = await stage.tm('migrate-guard/failmigrate', domain, 'kvm2');
    expect([failed.exit, failed.log[0]]).toEqual([0, warning('VM .* no domain .* runs on this host')]);
    await stage.expectEndOn('kvm2', domain);
  });

  test('and fails while its guest is paused there: its own status, and the message names the only copy', async () => {
    const domain = await stage.startDomain();
    mover('failing-suspended', fails, '--suspend');
    const moved = await stage.migrate(domain, 'kvm2', { local, shared: 'NO' });
    expect(moved.exit).toBe(42);
    expect(moved.log.join('\n')).toContain(
      `the only copy: never destroy it; once all its disks are there, too: virsh resume ${domain.name}, on kvm2`,
    );
    await stage.lab.host('kvm2').virsh('resume', domain.name);
    await stage.expectEndOn('kvm2', domain);
  });

  test('and leaves its guest paused there: a warning', async () => {
    const domain = await stage.startDomain();
    mover('suspending', 'exit 0', '--suspend');
    const moved = await stage.migrate(domain, 'kvm2', { local });
    expect([moved.exit, moved.log]).toEqual([
      0,
      [
        warning(`${domain.name}: it was migrated, but is paused on kvm2 `),
        warning(`-> virsh resume ${domain.name}, on kvm2$`),
      ],
    ]);
    await stage.lab.host('kvm2').virsh('resume', domain.name);
    await stage.expectEndOn('kvm2', domain);
  });

  test('and has resumed its guest there: no message', async () => {
    const domain = await stage.startDomain();
    mover('resuming', 'exec virsh --connect "qemu+ssh://$2/system" resume "$1" >/dev/null', '--suspend');
    const moved = await stage.migrate(domain, 'kvm2', { local, shared: 'NO' });
    expect([moved.exit, moved.log]).toEqual([0, []]);
    await stage.expectEndOn('kvm2', domain);
  });
});

test('a save whose mover fails afterwards: its own status, and how to restore the guest', async () => {
  const domain = await stage.startDomain();
  const file = `/var/lib/one/datastores/0/${domain.name}.checkpoint`;
  stage.script('vmm/kvm/saving', '#!/bin/sh\n"${0%saving}save" "$@" && exit 43\n');
  stage.configure('opennebula: { save: saving }\n');
  const saved = await stage.save(domain, file, { local: 'save-guard' });
  expect(saved.exit).toBe(43);
  expect(saved.log.join('\n')).toContain(`-> on kvm1, virsh restore ${file} continues it with its memory; `);
  await domain.host.virsh('restore', file);
  await stage.expectEndOn('kvm1', domain.on(domain.host));
});

test('hosts without keys of their own, reached through a forwarded agent', async () => {
  const domain = await stage.startDomain({ emulator: 'affected' });
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
    // Only the destination can confirm that it has no copy: without the ssh agent QEMU would not get its disks back.
    expect(moved.log).toContainEqual(expect.stringMatching(/re-activate: QEMU took its disks back/));
    expect(moved.exit).toBe(0);
    await stage.expectEndOn('kvm2', domain);
  } finally {
    put(host, key, away, 0o600, 9869);
  }
});

test('storage that is not shared: the destination need not have the paths yet', async () => {
  const domain = await stage.startDomain();
  const [disk] = domain.disks;
  stage.lab.host('kvm2').remove(disk?.via ?? '');
  const refused = await stage.migrate(domain, 'kvm2', { local });
  expect([refused.exit, refused.log.join()]).toEqual([
    1,
    expect.stringContaining('leads to nothing on kvm2'),
  ]);
  stage.script(
    'vmm/kvm/copying',
    `#!/bin/sh\nssh "$2" ln -s ../${disk?.volume?.name ?? ''} ${disk?.via ?? ''} || exit 8\nexec "\${0%copying}migrate" "$@"\n`,
  );
  await stage.lab.host('kvm2').succeed(['chmod', '777', '/dev/storpool']);
  stage.configure('opennebula: { migrate: copying }\n');
  expect((await stage.migrate(domain, 'kvm2', { local, shared: 'NO' })).exit).toBe(0);
  await stage.expectEndOn('kvm2', domain);
});
