import { appendFileSync, readFileSync, rmSync } from 'node:fs';
import { keepEntry } from '../../../src/opennebula/record-file';
import { aRecordEntry } from '../../support/factories';
import { Servant, statusXml } from '../harness';
import { onedConf } from '../installation/machine-tree';
import { hookPool, hostPool, troubles, useDoctorMachine, type Finding } from './doctor-machine';

const on = useDoctorMachine();

test('everything is installed: front-end, this host, and the hosts of OpenNebula', async () => {
  await on.frontEnd(hostPool('kvm1'), hookPool());
  on.program('/usr/bin/gdb', 'echo GNU gdb 13');
  const report = await on.doctor();
  expect(troubles(report.findings)).toEqual([]);
  expect(report.roles).toEqual(['frontend', 'host']);
  expect(report.hosts.map(({ host, findings }) => [host, troubles(findings)])).toEqual([['kvm1', []]]);
  expect(report.exit).toBe(0);
  // No libvirtd runs there, which is a note.
  const { stdout } = await on.machine.root(['migrate-guard', 'doctor']);
  expect(stdout).toMatch(/^kvm1:\n *ok +libvirt’s daemon/m);
  expect(stdout).not.toMatch(/^ *(?:problem|unknown) /m);
});

test('problems, with the remedy, on both machines', async () => {
  await on.frontEnd(hostPool('kvm1'), hookPool('pre-migrate'));
  on.machine.write('/etc/one/oned.conf', onedConf());
  rmSync(on.machine.path('/usr/bin/gdb'), { force: true });
  on.machine.write('/etc/sudoers.d/zz-site', 'oneadmin ALL=(root) !ALL\n');
  appendFileSync(on.machine.path('/usr/lib/migrate-guard/migrate-guard'), '\n');
  appendFileSync(on.machine.path('/var/tmp/one/migrate-guard/start.sh'), '\n');
  const report = await on.doctor();
  expect(troubles(report.findings)).toEqual([
    'installed-file problem',
    'sudoers problem',
    'vm-mad problem',
    'hooks problem',
  ]);
  expect(report.findings.every(({ state, remedy }) => state === 'ok' || remedy !== undefined)).toBe(true);
  expect(report.hosts.map(({ findings }) => troubles(findings))).toEqual([
    ['host-half problem', 'remote-scripts problem'],
  ]);
  expect(report.exit).toBe(1);
  rmSync(on.machine.path('/etc/sudoers.d/zz-site'));
  const asked = await on.doctor('--host', 'kvm1');
  expect(asked.findings).toEqual([]);
  expect(troubles(asked.hosts[0]?.findings)).toEqual(['installed-file problem', 'remote-scripts problem']);
});

test('hosts that do not answer are unknown, in bounded time, and hide no other; one without the agent is a problem', async () => {
  await on.frontEnd(hostPool('slow', 'gone', 'kvm1', 'bare'), hookPool());
  // The deadline is long enough for the hosts that answer, on any machine; the slow one would take ten minutes.
  on.machine.write('/etc/migrate-guard/config.yaml', 'ssh:\n  deadline: 20\nreset:\n  strategies: [cont]\n');
  const report = await on.doctor();
  expect(report.hosts.map(({ host, findings }) => [host, troubles(findings)])).toEqual([
    ['slow', ['host unknown']],
    ['gone', ['host unknown']],
    ['kvm1', []],
    ['bare', ['host-half problem', 'remote-scripts unknown']],
  ]);
  expect(report.exit).toBe(1);
  expect((await on.doctor('--host', 'gone')).exit).toBe(2);
});

test('hosts of another VM_MAD that runs the same scripts', async () => {
  await on.frontEnd(hostPool('kvm1').replace('CDATA[kvm]', 'CDATA[qemu]'), hookPool());
  on.program('/usr/bin/gdb', 'echo GNU gdb 13');
  const { findings, hosts } = await on.doctor();
  expect(troubles(findings)).toEqual(['vm-mad problem']);
  expect(findings.find(({ state }) => state === 'problem')?.what).toContain('moves the VMs of kvm1');
  expect(hosts.map(({ host }) => host)).toEqual(['kvm1']);
});

test('an OpenNebula that does not answer is unknown', async () => {
  await on.frontEnd(hostPool('kvm1'), hookPool());
  on.machine.write('/etc/migrate-guard/config.yaml', 'reset:\n  strategies: [cont]\n');
  for (const name of ['onehost', 'onehook']) on.program(`/usr/bin/${name}`, 'echo no endpoint >&2; exit 255');
  const report = await on.doctor();
  expect(troubles(report.findings)).toEqual(['hooks unknown', 'hosts unknown']);
  expect(report.exit).toBe(2);
});

test('without a front-end installation, the scripts that onehost sync copies are not checked', async () => {
  await on.frontEnd(hostPool('kvm1'), hookPool());
  await on.machine.root(['sh', '-c', 'rm -r /var/tmp/one']);
  const checks = async (): Promise<(string | undefined)[]> =>
    (await on.doctor('--host', 'kvm1')).hosts.flatMap(({ findings }) => findings.map(({ check }) => check));
  expect(await checks()).toContain('remote-scripts');
  expect((await on.machine.root([on.source.file('install.sh'), 'uninstall', 'frontend'])).exit).toBe(0);
  const without = await checks();
  expect(without).toContain('host-half');
  expect(without).not.toContain('remote-scripts');
});

test('front-end and agent of different releases', async () => {
  await on.frontEnd(hostPool('kvm1'), hookPool());
  const file = '/usr/lib/migrate-guard/migrate-guard';
  on.program(
    '/usr/bin/ssh',
    `echo '{"kind":"end","exit":64,"result":"refused","what":"the front-end has 1, and this host has 2"}'`,
  );
  expect(readFileSync(on.machine.path(file), 'utf8')).not.toBe('');
  const { hosts } = await on.doctor('--host', 'kvm1');
  expect(hosts[0]?.findings[0]).toMatchObject({
    check: 'host-half',
    state: 'problem',
    what: 'the front-end has 1, and this host has 2',
  });
});

test.each([
  ['namespaces = []', 'a QEMU that starts now has the host'],
  ['#namespaces = []', 'a /dev of its own'],
  ['namespaces = [ "mount" ]', 'a /dev of its own'],
])('libvirt is configured: %s', async (line, what) => {
  await on.machine.root([on.source.file('install.sh'), 'host']);
  await on.machine.root(['mkdir', '-p', '/etc/libvirt']);
  on.machine.write('/etc/libvirt/qemu.conf', `${line}\n`);
  const { findings } = await on.doctor();
  expect(findings.find(({ check }) => check === 'namespaces')?.what).toContain(what);
});

test('the programs and QEMU builds that run here, with and without a stored layout', async () => {
  await on.machine.root([on.source.file('install.sh'), 'host']);
  on.program('/usr/bin/gdb', 'echo GNU gdb 13');
  const [name, uuid] = ['one-310', '0f0f0f0f-0000-4000-8000-00000000abcd'];
  // A process with QEMU's command line; its program, perl, has a build-id like any other.
  const argv = ['-name', `guest=${name},debug-threads=on`, '-S', '-uuid', uuid];
  const qemu = await Servant.start('guest', argv, on.machine.pid);
  try {
    on.machine.write(`/run/libvirt/qemu/${name}.xml`, statusXml({ name, uuid, pid: qemu.pid, disks: [] }));
    const found = async (): Promise<Finding | undefined> =>
      (await on.doctor()).findings.find(({ check }) => check === 'layout');
    on.program('/usr/bin/virsh', 'echo "Running against daemon: 11.3.0"');
    on.machine.write(
      `/var/log/libvirt/qemu/${name}.log`,
      `${new Date().toISOString().replace('T', ' ').replace('Z', '+0000')}: starting up libvirt version: 9.0.0, qemu version: 7.2.22Debian, kernel: 6.1\n`,
    );
    const { findings } = await on.doctor();
    expect(findings.find(({ check }) => check === 'libvirt')?.what).toBe('libvirt 11.3.0');
    expect(findings.find(({ check }) => check === 'sudo')?.what).toMatch(/^sudo/i);
    expect(findings.find(({ check }) => check === 'qemu')?.what).toMatch(
      /^VMs on it: 1 \(QEMU 7\.2\.22Debian, build [0-9a-f]{8,}\); a failed migration does not leave it/,
    );
    const missing = await found();
    // It is only a note: QEMU's log and the other remedies need no layout, and doctor runs directly after the
    // installation.
    expect(missing).toMatchObject({ state: 'ok', note: true });
    expect(missing?.remedy).toMatch(/^migrate-guard layout \/usr\/bin\/perl/);
    const [, file = ''] =
      /(\/var\/lib\/migrate-guard\/layouts\/[0-9a-f]+\.json) is missing/.exec(missing?.what ?? '') ?? [];
    on.machine.write(file, '{}');
    const refused = await found();
    expect([refused?.state, refused?.what]).toEqual(['problem', expect.stringContaining('is refused')]);
    on.machine.write('/etc/migrate-guard/config.yaml', 'reset:\n  strategies: [cont]\n');
    expect(await found()).toBeUndefined();
  } finally {
    await qemu.end();
  }
});

test('guards that recently could not run are a problem, until one has run there again', async () => {
  await on.frontEnd(hostPool('kvm1'), hookPool());
  const directory = '/var/lib/one/migrate-guard';
  const entry = aRecordEntry({ time: new Date().toISOString(), guard: 'could-not-run', why: 'sudo refuses' });
  const guards = async (): Promise<Finding | undefined> =>
    (await on.doctor()).findings.find(({ check }) => check === 'guards');
  expect(await guards()).toMatchObject({ state: 'ok' });
  expect(keepEntry(on.machine.path(directory), entry)).toBeUndefined();
  expect(await guards()).toMatchObject({
    state: 'problem',
    what: expect.stringMatching(
      /^kvm1: a guard could not run at .* UTC: sudo refuses; none has run there since$/,
    ) as string,
    remedy: 'migrate-guard doctor --host kvm1',
  });
  const later = new Date(Date.parse(entry.time) + 60_000).toISOString();
  expect(keepEntry(on.machine.path(directory), aRecordEntry({ vmId: 311, time: later }))).toBeUndefined();
  expect(await guards()).toMatchObject({
    state: 'ok',
    what: expect.stringContaining('one has run there again at') as string,
  });
});
