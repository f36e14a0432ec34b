import { onedConf, selected } from '../installation/machine-tree';
import { hookPool, hostPool, troubles, useDoctorMachine, type Finding, type Report } from './doctor-machine';
import { besideOned, layOned } from './running-oned';

/** doctor's report about the running oned, which read oned.conf when it started. */

const on = useDoctorMachine('all');
const check = 'oned';

beforeAll(async () => {
  await on.frontEnd(hostPool('kvm1'), hookPool());
  on.program('/usr/bin/gdb', 'echo GNU gdb 13');
  layOned(on.machine);
});

/** Runs the script; its last command is doctor. */
async function doctor(...script: readonly string[]): Promise<{ report: Report; oned: Finding | undefined }> {
  const { exit, stdout, stderr } = await besideOned(on.machine, script.join('\n'));
  expect(stderr).not.toContain('line ');
  const report = { ...(JSON.parse(stdout) as Report), exit };
  return { report, oned: report.findings.find((finding) => finding.check === check) };
}

/** A shell command that writes this as oned.conf. */
function conf(text: string): string {
  return `cat >/etc/one/oned.conf <<'END'\n${text}END`;
}

const ask = 'migrate-guard doctor --json';
const remedy = 'while no VM is being moved: systemctl restart opennebula';
const notRestarted = {
  state: 'problem',
  what: 'oned was not restarted after /etc/one/oned.conf was changed: it does not use migrate-guard and save-guard yet (VM_MAD "kvm")',
  remedy,
};
const notRunning =
  'oned does not run here; it uses migrate-guard and save-guard, as /etc/one/oned.conf says, once it is started';

test('oned.conf was changed, and oned was not restarted', async () => {
  const { report, oned } = await doctor(conf(onedConf()), 'start_oned', conf(onedConf(selected)), ask);
  expect(report.exit).toBe(1);
  expect(troubles(report.findings)).toEqual(['oned problem']);
  expect(oned).toMatchObject(notRestarted);
});

test('oned was started after the change', async () => {
  const { report, oned } = await doctor(conf(onedConf(selected)), 'start_oned', ask);
  expect(report.exit).toBe(0);
  const what = 'the running oned uses migrate-guard and save-guard (VM_MAD "kvm")';
  expect(oned).toMatchObject({ state: 'ok', what });
});

test('another argument has changed since: the drivers are used nevertheless', async () => {
  const changed = onedConf(selected.replace('-t 15', '-t 20'));
  const { oned } = await doctor(conf(onedConf(selected)), 'start_oned', conf(changed), ask);
  expect(oned).toMatchObject({ state: 'ok' });
});

test('only another VM_MAD has them', async () => {
  const other = onedConf().replace('"-t 15 -r 0 kvm"', `"${selected.replace('-t 15', '-t 9')}"`);
  const { oned } = await doctor(conf(other), 'start_oned', conf(onedConf(selected)), ask);
  expect(oned).toMatchObject(notRestarted);
});

test('oned does not run: it reads the file when it starts', async () => {
  const { report, oned } = await doctor(conf(onedConf(selected)), ask);
  expect(report.exit).toBe(0);
  expect(oned).toMatchObject({ state: 'ok', note: true, what: notRunning });
});

test('an oned in a container does not belong to this machine', async () => {
  const container = [
    'coproc container { exec unshare --pid --fork --kill-child oned; }',
    'read -r ready <&"${container[0]}"',
  ];
  const { oned } = await doctor(conf(onedConf()), ...container, conf(onedConf(selected)), ask);
  expect(oned?.what).toBe(notRunning);
});

test('oned runs, and none of its processes is such a driver', async () => {
  const site = onedConf(selected).replace('one_vmm_exec', 'site_exec');
  const mads = '/usr/lib/one/mads';
  const copy = `for end in '' .rb; do cp -a ${mads}/one_vmm_exec$end ${mads}/site_exec$end; done`;
  const { report, oned } = await doctor(copy, conf(site), 'start_oned', ask);
  expect(report.exit).toBe(2);
  const what = 'oned runs, but none of its processes is a VMM driver (one_vmm_exec.rb)';
  expect(oned).toMatchObject({
    state: 'unknown',
    what,
    remedy: expect.stringContaining('oned.log') as string,
  });
});

test('a user who may not see other users’ processes', async () => {
  const hidden = 'mount -t proc -o hidepid=2 proc /proc';
  const asOther = `setpriv --reuid=nobody --regid=nogroup --clear-groups ${ask}`;
  const { oned } = await doctor(conf(onedConf(selected)), 'start_oned', hidden, asOther);
  const what = 'the processes of other users cannot be seen: /proc/1/status: ENOENT';
  expect(oned).toMatchObject({ state: 'unknown', what, remedy: 'run as root' });
});

test('if VM_MAD selects none of our drivers, the running one is not checked', async () => {
  const { oned } = await doctor(conf(onedConf()), 'start_oned', ask);
  expect(oned).toBeUndefined();
});
