import { rmSync } from 'node:fs';
import { onedConf } from '../installation/machine-tree';
import { hookPool, hostPool, troubles, useDoctorMachine } from './doctor-machine';

const on = useDoctorMachine();

test('hooks are enough where VM_MAD cannot be changed', async () => {
  await on.frontEnd(hostPool(), hookPool('pre-migrate', 'post-failure'));
  on.program('/usr/bin/gdb', 'echo GNU gdb 13');
  on.machine.write('/etc/one/oned.conf', onedConf());
  // The site also used the drivers, and an upgrade of OpenNebula has reverted that.
  const undone = await on.doctor();
  expect([undone.exit, troubles(undone.findings)]).toEqual([1, ['vm-mad problem']]);
  expect(undone.findings.find(({ check }) => check === 'vm-mad')?.what).toContain('as install.sh had set it');
  rmSync(on.machine.path('/etc/one/oned.conf.before-migrate-guard'));
  const report = await on.doctor();
  expect(troubles(report.findings)).toEqual([]);
  expect(report.findings.find(({ check }) => check === 'vm-mad')?.what).toContain(
    'the hooks are registered instead',
  );
  expect((await on.machine.root([on.source.file('install.sh'), 'verify'])).exit).toBe(0);
});

describe('datastore drivers call our scripts, and VM_MAD selects no driver', () => {
  const lines = ['"${0%/*}/../migrate-guard/$word" "$@" </dev/null || exit $?', ''];

  async function calledBy(...drivers: readonly string[]): Promise<void> {
    await on.frontEnd(hostPool('kvm1').replace('CDATA[kvm]', 'CDATA[qemu]'), hookPool());
    on.program('/usr/bin/gdb', 'echo GNU gdb 13');
    on.machine.write('/etc/one/oned.conf', onedConf());
    rmSync(on.machine.path('/etc/one/oned.conf.before-migrate-guard'));
    for (const driver of drivers) {
      await on.machine.root(['mkdir', '-p', `/var/lib/one/remotes/tm/${driver}`]);
      for (const name of ['premigrate', 'failmigrate'])
        on.program(
          `/var/lib/one/remotes/tm/${driver}/${name}`,
          ...lines.map((line) => line.replace('$word', name)),
        );
    }
  }

  function vmPool(...drivers: readonly string[]): string {
    const vms = drivers.map(
      (driver, id) =>
        `<VM><ID>${id}</ID><STATE>3</STATE><LCM_STATE>3</LCM_STATE><HISTORY_RECORDS><HISTORY><HOSTNAME>kvm1</HOSTNAME><VM_MAD>kvm</VM_MAD><TM_MAD>${driver}</TM_MAD></HISTORY></HISTORY_RECORDS></VM>`,
    );
    return `<VM_POOL>${vms.join('')}</VM_POOL>`;
  }

  const said = async (): Promise<[number | null, string[]]> => {
    const { exit, findings } = await on.doctor();
    expect((await on.machine.root([on.source.file('install.sh'), 'verify'])).exit).toBe(exit === 0 ? 0 : 1);
    return [
      exit,
      findings.filter(({ state }) => state !== 'ok').map(({ state, what }) => `${state} ${what}`),
    ];
  };

  test('every running VM is on such a datastore; or some are not; or it is unknown', async () => {
    await calledBy('ceph', 'shared');
    on.program('/usr/bin/onevm', `echo '${vmPool('ceph', 'shared', 'ceph')}'`);
    expect(await said()).toEqual([0, []]);
    on.program('/usr/bin/onevm', `echo '${vmPool('ceph', 'fs_lvm', 'fs_lvm')}'`);
    const what =
      'tm/fs_lvm does not call migrate-guard, as tm/ceph, tm/shared does, and moves 2 of the running VMs';
    expect(await said()).toEqual([1, [`problem ${what}`]]);
    on.program('/usr/bin/onevm', 'echo no endpoint >&2; exit 255');
    expect(await said()).toEqual([
      2,
      [expect.stringMatching(/^unknown which datastore drivers .* cannot be determined: .*no endpoint$/)],
    ]);
  });
});
