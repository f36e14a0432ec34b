import { appendFileSync } from 'node:fs';
import { oneadmin, onedConf, selected } from '../installation/machine-tree';
import { useTree } from '../installation/use-tree';

/**
 * A site whose datastore drivers call our scripts, as docs/opennebula.md describes, and that did not change VM_MAD.
 */

const on = useTree();
const remotes = '/var/lib/one/remotes';

const lines = {
  premigrate: '"${0%/*}/../migrate-guard/premigrate" "$@" </dev/null || exit $?',
  failmigrate: '"${0%/*}/../migrate-guard/failmigrate" "$@" </dev/null',
} as const;
const both = ['premigrate', 'failmigrate'] as const;

function add(driver: string, script: keyof typeof lines, line: string = lines[script]): void {
  appendFileSync(on.tree.path(`${remotes}/tm/${driver}/${script}`), `${line}\n`);
}

async function verify(): Promise<[number | null, string]> {
  const { exit, stdout } = await on.install('verify');
  return [exit, stdout];
}

test('with both lines verify is satisfied; it reports what an upgrade of OpenNebula removes', async () => {
  await on.installed(['frontend']);
  for (const script of both) add('ceph', script);
  const [exit, said] = await verify();
  expect(exit).toBe(0);
  expect(said).toContain('does not select migrate-guard and save-guard; tm/ceph calls it instead');
  expect(said).toContain('tm/ceph: both scripts call migrate-guard');

  on.tree.layStock('6.6.1');
  await on.done('frontend');
  const [upgraded, reported] = await verify();
  expect(upgraded).toBe(1);
  expect(reported).toContain('problem  VM_MAD in /etc/one/oned.conf does not select');
  expect(reported).toContain('see docs/opennebula.md for hooks and TM scripts');
});

test.each([
  ['premigrate', 'failmigrate'],
  ['failmigrate', 'premigrate'],
] as const)('%s alone is a problem, whatever VM_MAD selects', async (there, missing) => {
  await on.installed(['frontend']);
  add('ceph', there);
  add('ceph', missing, `  # ${lines[missing]}`);
  for (const conf of [onedConf(), onedConf(selected)]) {
    on.tree.write('/etc/one/oned.conf', conf);
    const [exit, said] = await verify();
    expect(exit).toBe(1);
    expect(said).toContain(
      `problem  tm/ceph/${missing} does not call migrate-guard, but ${there} beside it does\n`,
    );
  }
});

test('drivers without a line are correct if VM_MAD selects ours', async () => {
  await on.done('frontend', '--set-vm-mad');
  const [exit, said] = await verify();
  expect([exit, said]).toEqual([0, expect.stringContaining('no datastore driver calls migrate-guard')]);
});

describe("StorPool's scripts call a function of the site", () => {
  const rc = [
    'migrate_other() {',
    '    case "${0##*/}" in',
    '        premigrate) "${0%/*}/../migrate-guard/premigrate" "$@" || exit $? ;;',
    '        failmigrate) "${0%/*}/../migrate-guard/failmigrate" "$@" ;;',
    '    esac',
    '}',
    '',
  ].join('\n');
  const short = 'migrate_other() { "$(dirname "$0")/../migrate-guard/${0##*/}" "$@" || exit $?; }\n';

  test.each([
    ['/var/lib/one/remotes/addon-storpoolrc', rc],
    ['/etc/storpool/addon-storpool.conf', short],
  ])('in %s', async (file, text) => {
    await on.installed(['frontend']);
    for (const script of both)
      on.tree.write(
        `${remotes}/tm/storpool/${script}`,
        '#!/bin/bash\nsource storpool_common.sh\nmigrate_other "$@"\n',
        { uid: oneadmin, mode: 0o755 },
      );
    expect((await verify())[0]).toBe(1);
    on.tree.write(file, text);
    const [exit, said] = await verify();
    expect([exit, said]).toEqual([0, expect.stringContaining('tm/storpool calls it instead')]);
    await refused(file);
  });
});

test('migrate-guard in place of the stock script', async () => {
  await on.installed(['frontend']);
  const stock = `${remotes}/vmm/kvm/migrate`;
  const own = { uid: oneadmin, mode: 0o755 };
  on.tree.write(stock, on.tree.read(`${remotes}/vmm/kvm/migrate-guard`), own);
  const [exit, said] = await verify();
  expect([exit, said]).toEqual([
    0,
    expect.stringContaining('stands in the place of vmm/kvm/migrate instead'),
  ]);
  await refused(stock);
});

/** Without our scripts, their callers would fail, and with them every live migration. */
async function refused(file: string): Promise<void> {
  const before = on.tree.picture();
  for (const words of [['--dry-run'], [], ['frontend']]) {
    const { exit, stderr } = await on.install('uninstall', ...words);
    expect([exit, stderr]).toEqual([
      1,
      expect.stringContaining(`migrate-guard is called by ${on.tree.root}${file}: `),
    ]);
  }
  expect(on.tree.picture()).toEqual(before);
}

test('a script that a datastore driver calls stays, until its line is removed', async () => {
  await on.installed(['frontend'], ['host']);
  const before = on.tree.read(`${remotes}/tm/ceph/premigrate`);
  add('ceph', 'premigrate');
  await refused(`${remotes}/tm/ceph/premigrate`);
  await on.done('uninstall', 'host');
  on.tree.write(`${remotes}/tm/ceph/premigrate`, `${before}# ${lines.premigrate}\n`, {
    uid: oneadmin,
    mode: 0o755,
  });
  await on.done('uninstall');
});
