import type { CommandResult } from '../../../src/os/run-command';
import type { Domain } from '../harness';
import { useOpenNebulaStage } from './opennebula-stage';

/** The scripts that datastore drivers call: the stock driver moves, without a standby. */

const stage = useOpenNebulaStage();

describe('premigrate', () => {
  test('allows the move of a healthy VM, and prints nothing', async () => {
    const domain = await stage.startDomain();
    const asked = await stage.tm('migrate-guard/premigrate', domain, 'kvm2');
    expect([asked.exit, asked.log]).toEqual([0, []]);
    await stage.expectEndOn('kvm1', domain);
  });

  test('repairs the incident, before the disks are attached on the destination', async () => {
    const domain = await stage.startDomain({ disks: 2 });
    stage.lab.relink(domain, 1);
    const via = domain.disks[0]?.via ?? '';
    stage.lab.host('kvm2').remove(via);
    const asked = await stage.tm('migrate-guard/premigrate', domain, 'kvm2');
    expect(asked.exit).toBe(0);
    expect(asked.log).toEqual([expect.stringMatching(/^\[I\]: migrate-guard: repair: \/dev\/storpool-byid/)]);
    stage.lab.host('kvm2').link(via, `../${domain.disks[0]?.volume?.name ?? ''}`);
    expect((await stage.migrate(domain, 'kvm2')).exit).toBe(0);
    await stage.expectEndOn('kvm2', domain);
  });

  const before74 = ['site/premigrate'];
  test.each([
    ['6.6', before74],
    ['7.2', before74],
    ['7.4', [...before74, 'site/failmigrate']],
  ] as const)(
    'vetoes a wrong device, and a failmigrate after that does nothing: %s',
    async (release, ran) => {
      for (const name of ['premigrate', 'failmigrate'])
        stage.script(
          `tm/site/${name}`,
          `#!/bin/sh\n"\${0%/*}/../migrate-guard/${name}" "$@" </dev/null || exit $?\n`,
        );
      const domain = await stage.startMisled();
      const refused = await stage.migrate(domain, 'kvm2', { tm: 'site', release });
      expect([refused.exit, refused.tmScripts]).toEqual([1, ran]);
      expect(refused.error).toMatch(/^MIGRATE: migrate-guard: vda.{1,66}[.!?]( ERROR|$)/);
      const nothing = `nothing to do: premigrate refused this migration, so nothing was moved`;
      const told = refused.log.filter((line) => line.includes('nothing to do'));
      expect(told).toEqual(release === '7.4' ? [expect.stringMatching(`^\\[I\\]: .*: ${nothing}$`)] : []);
      const asked = domain.host.read('/var/log/migrate-guard/host.log').split('\n');
      expect(asked.filter((line) => line.includes(`"${domain.vmId}"`) && line.includes('"heal"'))).toEqual(
        [],
      );
      expect(stage.recorded(domain)).toMatchObject([{ action: 'premigrate', result: 'refused' }]);
      await domain.destroy();
    },
  );

  test('as one line of another datastore driver, and as StorPool’s migrate_other, with no input left', async () => {
    const domain = await stage.startDomain();
    stage.lab.relink(domain);
    const line = '"$(dirname "$0")/../migrate-guard/${0##*/}" "$@" || exit $?';
    stage.script(
      'tm/other/premigrate',
      `#!/bin/bash\ncat >/dev/null\nmigrate_other() { ${line}; }\nmigrate_other "$@"\n`,
    );
    const asked = await stage.tm('other/premigrate', domain, 'kvm2');
    expect([asked.exit, asked.log.length]).toEqual([0, 1]);
    expect((await stage.migrate(domain, 'kvm2')).exit).toBe(0);
    await stage.expectEndOn('kvm2', domain);
  });

  test('a guard that cannot run allows the move or refuses it, as the site has configured', async () => {
    const domain = await stage.startDomain();
    await domain.host.succeed(['rm', '/etc/sudoers.d/migrate-guard']);
    const asked = await stage.tm('migrate-guard/premigrate', domain, 'kvm2');
    expect([asked.exit, asked.log[0]]).toEqual([0, expect.stringContaining('the guard cannot run')]);
    stage.configure('policy: { when_guard_fails: refuse }\n');
    const refused = await stage.tm('migrate-guard/premigrate', domain, 'kvm2');
    expect([refused.exit, refused.reply]).toEqual([2, expect.stringContaining('the guard cannot run')]);
    await stage.install(domain.host);
    await stage.expectEndOn('kvm1', domain);
  });

  test('prints its usage if arguments are missing', async () => {
    const { exit, stderr } = await stage.front.run(
      ['/var/lib/one/remotes/tm/migrate-guard/premigrate', 'kvm1', 'kvm2'],
      { as: 'oneadmin' },
    );
    expect([exit, stderr]).toEqual([64, expect.stringContaining('SOURCE DESTINATION VM_DIRECTORY VM_ID')]);
  });
});

describe('failmigrate', () => {
  test('resets a stuck VM and repairs its paths: the next migration succeeds', async () => {
    const domain = await stage.startDomain({ emulator: 'affected' });
    stage.lab.relink(domain);
    expect((await stage.migrate(domain, 'kvm2')).exit).toBe(1);
    const healed = await stage.tm('migrate-guard/failmigrate', domain, 'kvm2');
    expect(healed.exit).toBe(0);
    expect(healed.log).toEqual([
      expect.stringMatching(
        /^\[I\]: migrate-guard: reset: .*; an earlier migration had left the block state /,
      ),
      expect.stringMatching(/^\[I\]: migrate-guard: repair: /),
    ]);
    expect((await stage.migrate(domain, 'kvm2')).exit).toBe(0);
    await stage.expectEndOn('kvm2', domain);
  });

  test('takes no disk back while the destination has a copy', async () => {
    const domain = await stage.startDomain({ emulator: 'affected' });
    stage.lab.relink(domain);
    expect((await stage.migrate(domain, 'kvm2')).exit).toBe(1);
    stage.configure('migrate: { destination_deadline: 1 }\nreset: { strategies: [cont, suspend-resume] }\n');
    await stage.lab.stopDaemon('kvm2', 'sshd', 'TERM');
    const refused = await stage.tm('migrate-guard/failmigrate', domain, 'kvm2');
    expect([refused.exit, refused.log.join()]).toEqual([
      2,
      expect.stringContaining('whether kvm2 has a copy'),
    ]);
    await stage.lab.startDaemon('kvm2', 'sshd');
    expect((await stage.tm('migrate-guard/failmigrate', domain, 'kvm2')).exit).toBe(0);
    await stage.expectEndOn('kvm1', domain);
  });
});

describe('precheck', () => {
  /** The relevant part of src/tm_mad/qcow2/snap_create_live, with our line: HOST:DISK SNAPSHOT_ID VM_ID DATASTORE_ID. */
  const snapshot = `#!/bin/bash
"\${0%/*}/../migrate-guard/precheck" "\${0##*/}" "$@" </dev/null || exit $?
disk=\${1#*:}
ssh "\${1%%:*}" bash -e <<END
qemu-img create -q -o backing_fmt=raw -b "$disk" -f qcow2 "$disk.snap"
virsh -q -c qemu:///system snapshot-create-as one-$3 0-$2 --disk-only --atomic --no-metadata --reuse-external --diskspec vda,file="$disk.snap"
END
`;

  beforeAll(() => stage.script('tm/site/snap_create_live', snapshot));

  const create = async (domain: Domain, name = 'site/snap_create_live'): Promise<CommandResult> => {
    const disk = `${domain.host.name}:${domain.disks[0]?.path ?? ''}`;
    const words = [disk, '0', String(domain.vmId), '0'] as const;
    return stage.front.run([`/var/lib/one/remotes/tm/${name}`, ...words], { as: 'oneadmin', input: '' });
  };

  test('repairs a VM whose live snapshot would fail', async () => {
    const domain = await stage.startDomain();
    stage.lab.relink(domain);
    const { exit, stderr } = await create(domain);
    expect({ exit, stderr }).toEqual({
      exit: 0,
      stderr: expect.stringContaining('repair: /dev/storpool-byid') as string,
    });
    expect(await domain.host.virsh('domblklist', domain.name)).toContain('disk.0.snap');
    expect(stage.recorded(domain)).toMatchObject([{ action: 'precheck', result: 'done' }]);
    await domain.expectCounting();
    await domain.destroy();
  });

  test('refuses a snapshot with the reason, and nothing is done; one of a VM that is off is not its business', async () => {
    const domain = await stage.startMisled();
    const { exit, stderr } = await create(domain);
    expect({ exit, stderr }).toEqual({ exit: 1, stderr: expect.stringContaining('vda') as string });
    expect(await domain.host.virsh('domblklist', domain.name)).not.toContain('disk.0.snap');
    await domain.destroy();
    const precheck = ['/var/lib/one/remotes/tm/migrate-guard/precheck', 'snap_delete'] as const;
    const off = await stage.front.run([...precheck, 'kvm1:/disk.0', '0', String(domain.vmId), '0'], {
      as: 'oneadmin',
    });
    expect([off.exit, off.stderr]).toEqual([0, '']);
    const wrong = await stage.front.run([...precheck.slice(0, 1), 'snap_craete'] as [string, string], {
      as: 'oneadmin',
    });
    expect([wrong.exit, wrong.stderr]).toEqual([
      64,
      expect.stringContaining('snap_create_live, snap_delete'),
    ]);
  });
});
