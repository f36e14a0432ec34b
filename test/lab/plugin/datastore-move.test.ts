import { put } from './install-in-lab';
import { useOpenNebulaStage } from './opennebula-stage';
import type { Domain } from '../harness';

/** OpenNebula 7 moves a running VM to another datastore of its host, with that host as the destination. */

const stage = useOpenNebulaStage();

/**
 * The relevant part of the stock driver (vmm_mad/remotes/kvm/migrate, disk_placeholders; lib/kvm/opennebula_vm.rb,
 * live_blockcopy_disks). At each copy it waits as long as /var/tmp/wait-DISK exists.
 */
const stockMove = `#!/bin/bash
virsh() { command virsh --connect qemu:///system "$@"; }
xml=$(cat)
target=$(sed 's:.*<DISK_TARGET_PATH>\\([^<]*\\)<.*:\\1:' <<<"$xml" | tr -s /)
mkdir -p "$target"
disks=$(virsh domblklist "$1" | awk 'NR > 2 && NF { print $1, $2 }')
while read -r dev path; do
    rm -f "$target/\${path##*/}"
    qemu-img create -q -f raw "$target/\${path##*/}" "$(virsh domblkinfo "$1" "$dev" | awk '/^Capacity/ { print $2 }')"
done <<<"$disks"
while read -r dev path; do
    touch "/var/tmp/begins-$dev"
    while [ -e "/var/tmp/wait-$dev" ]; do sleep 0.05; done
    virsh blockcopy "$1" "$dev" "$target/\${path##*/}" --wait --verbose --pivot --reuse-external >&2 </dev/null ||
        {
            # cleanup_host
            case $xml in *'<SHARED>NO<'*) rm -rf "$target" ;; esac
            echo "Error migrating VM $1: $dev" >&2
            exit 1
        }
done <<<"$disks"
defined=$(mktemp) && virsh dumpxml "$1" >"$defined" && virsh define "$defined" && virsh undefine "$1" --keep-nvram
`;
const onHost = { local: 'migrate-guard', datastore: 100 } as const;

beforeAll(() => stage.script('vmm/kvm/migrate', stockMove));

/** The paths of its disks, by the VM's directory. */
async function directories({ host, name }: Domain): Promise<string[]> {
  const list = await host.virsh('domblklist', name);
  return list
    .split('\n')
    .slice(2)
    .filter(Boolean)
    .map((line) => /datastores\/(\d+)\//.exec(line)?.[1] ?? line);
}

test('a broken path is repaired before; a wrong one is refused, and moved nowhere', async () => {
  const domain = await stage.startDomain();
  stage.lab.relink(domain);
  const off = await stage.migrate(domain, 'kvm1', { ...onHost, userTemplate: { MIGRATE_GUARD_MODE: 'off' } });
  expect([off.exit, stage.recorded(domain)]).toEqual([1, [expect.objectContaining({ guard: 'off' })]]);
  expect(off.ran.stderr).not.toContain('ERROR: migrate-guard');
  expect(off.ran.stderr).toContain('failed to pivot job');
  await domain.host.run(['virsh', 'blockjob', domain.name, 'vda', '--abort']);
  const moved = await stage.migrate(domain, 'kvm1', onHost);
  expect([moved.exit, await directories(domain)]).toEqual([0, ['100']]);
  expect(moved.log).toContainEqual(
    expect.stringMatching(/^\[I\]: migrate-guard: repair: \/dev\/storpool-byid/),
  );
  expect(stage.recorded(domain)[0]).toMatchObject({ guard: 'ran', result: 'done', warnings: [] });
  await domain.expectCounting();
  await domain.destroy();
  const misled = await stage.startMisled();
  const refused = await stage.migrate(misled, 'kvm1', onHost);
  expect([refused.exit, refused.error]).toEqual([1, expect.stringMatching(/^MIGRATE: migrate-guard: vda/)]);
  expect([await directories(misled), stage.recorded(misled)[0]?.result]).toEqual([['0'], 'refused']);
  const veto = await stage.tm('migrate-guard/premigrate', misled, 'kvm1');
  expect([veto.exit, veto.reply]).toEqual([1, expect.stringContaining('vda')]);
  expect((await stage.tm('migrate-guard/failmigrate', misled, 'kvm1')).exit).toBe(0);
  stage.script('vmm/kvm/copying-only', '#!/bin/sh\ncat >/dev/null\n');
  stage.configure('opennebula: { migrate: copying-only }\n');
  const warned = { ...onHost, userTemplate: { MIGRATE_GUARD_MODE: 'warn' } } as const;
  expect((await stage.migrate(misled, 'kvm1', warned)).exit).toBe(0);
  expect(stage.recorded(misled)[0]?.warnings).toEqual([
    expect.stringMatching(/^MIGRATE_GUARD_MODE is warn: it was moved, and would have been refused: /),
    expect.stringMatching(/^after the move to another datastore: .*leads to block device/),
  ]);
  await misled.destroy();
});

test('one that fails half way: the message names the disks, and how to move them back while the guest runs', async () => {
  const domain = await stage.startDomain({ disks: 2 });
  put(domain.host, '/var/tmp/wait-vdb', '', 0o644);
  const moving = stage.migrate(domain, 'kvm1', { ...onHost, shared: 'NO' });
  await stage.untilExists('kvm1', '/var/tmp/begins-vdb');
  stage.lab.relink(domain, 1);
  domain.host.remove('/var/tmp/wait-vdb');
  const failed = await moving;
  expect([failed.exit, failed.reply]).toEqual([
    1,
    expect.stringContaining('a step failed after vda had been moved.'),
  ]);
  const { stderr } = failed.ran;
  expect(stderr).toContain('failed after vda had been moved: QEMU has vdb where it was');
  expect(await directories(domain)).toEqual(['100', '0']);
  // The stock script has deleted the file of vda.
  await domain.host.succeed(['sh', '-c', /WARN: .*As root: (.*)/.exec(stderr)?.[1] ?? 'false']);
  // The mover would delete the file that QEMU has open: it is not started, whatever the VM's owner wants.
  domain.host.remove('/var/tmp/begins-vda');
  const warned = { ...onHost, userTemplate: { MIGRATE_GUARD_MODE: 'warn' } } as const;
  for (const action of [onHost, warned]) {
    const again = await stage.migrate(domain, 'kvm1', action);
    expect([again.exit, again.error]).toEqual([4, expect.stringContaining('vda is there already')]);
  }
  expect((await domain.host.run(['test', '-e', '/var/tmp/begins-vda'])).exit).toBe(1);
  const veto = await stage.tm('migrate-guard/premigrate', domain, 'kvm1', '7.2', 100);
  expect([veto.exit, veto.reply]).toEqual([4, expect.stringContaining('vda is there already')]);
  await domain.host.succeed(['sh', '-c', /ERROR: .*: (virsh .*)/.exec(stderr)?.[1] ?? 'false']);
  expect(await directories(domain)).toEqual(['0', '0']);
  await domain.expectCounting();
  expect((await stage.migrate(domain, 'kvm1', onHost)).exit).toBe(0);
  expect(await directories(domain)).toEqual(['100', '100']);
  await domain.expectCounting();
  await domain.destroy();
});

test('without a guard the mover runs alone, and reports that', async () => {
  const domain = await stage.startDomain();
  await domain.host.succeed(['rm', '/etc/sudoers.d/migrate-guard']);
  try {
    const moved = await stage.migrate(domain, 'kvm1', onHost);
    expect([moved.exit, moved.log.join()]).toEqual([0, expect.stringContaining('the guard cannot run')]);
    expect(await directories(domain)).toEqual(['100']);
  } finally {
    await stage.install(domain.host);
  }
  await domain.destroy();
});
