import { writeFileSync } from 'node:fs';
import { ifMade } from '../support/if-made';
import { type Domain, type Host, Lab } from './harness';

// The lab is verified with real VMs before other tests rely on it.

let lab: Lab;
let kvm1: Host;
let kvm2: Host;

beforeAll(async () => {
  lab = await Lab.start();
  [kvm1, kvm2] = [lab.host('kvm1'), lab.host('kvm2')];
});

afterAll(() => ifMade(lab, (made) => made.stop()));

/** The trimmed output of a command on a host. */
async function said(host: Host, as: string, ...argv: readonly [string, ...string[]]): Promise<string> {
  return (await host.succeed(argv, { as })).stdout.trim();
}

describe('the hosts', () => {
  test('have different names, and reach each other by name', async () => {
    for (const [host, other] of [
      [kvm1, 'kvm2'],
      [kvm2, 'kvm1'],
    ] as const) {
      expect(await said(host, 'root', 'hostname')).toBe(host.name);
      expect(
        await said(
          host,
          'root',
          'bash',
          '--norc',
          '-c',
          `read -r banner </dev/tcp/${other}/22; echo "$banner"`,
        ),
      ).toMatch(/^SSH-2\.0-OpenSSH/);
    }
  });

  test('let oneadmin log in from each other over ssh, without a prompt', async () => {
    for (const [host, other] of [
      [kvm1, 'kvm2'],
      [kvm2, 'kvm1'],
    ] as const) {
      const expected = `oneadmin@${other} /var/lib/one`;
      const whoIsThere = 'echo "$(id -un)@$(hostname) $PWD"';
      expect(await said(host, 'oneadmin', 'ssh', other, whoIsThere)).toBe(expected);
      expect(await said(host, 'root', 'ssh', `oneadmin@${other}`, whoIsThere)).toBe(expected);
      const asOneadmin = ['runuser', '-u', 'oneadmin', '--', 'ssh', `oneadmin@${other}`] as const;
      expect(await said(host, 'root', ...asOneadmin, whoIsThere)).toBe(expected);
    }
  });

  test('give ssh sessions no sbin directories, and copy files', async () => {
    expect(await said(kvm1, 'oneadmin', 'ssh', 'kvm2', 'echo $PATH')).not.toContain('sbin');
    await kvm1.succeed(['scp', '-q', '/etc/hostname', 'kvm2:copied'], { as: 'oneadmin' });
    expect(kvm2.read('/var/lib/one/copied')).toBe('kvm1\n');
  });

  test('have a libvirtd each, which oneadmin and root reach from the other', async () => {
    const uuids = await Promise.all([kvm1, kvm2].map((host) => host.virsh('capabilities')));
    expect(new Set(uuids.map((text) => /<uuid>(.*)<\/uuid>/.exec(text)?.[1])).size).toBe(2);
    const there = ['--connect', 'qemu+ssh://oneadmin@kvm2/system', 'hostname'] as const;
    expect(await said(kvm1, 'oneadmin', 'virsh', ...there)).toBe('kvm2');
    expect(await said(kvm1, 'root', 'virsh', ...there)).toBe('kvm2');
    expect(await said(kvm2, 'oneadmin', 'virsh', '--connect', 'qemu:///system', 'hostname')).toBe('kvm2');
  });

  test('let oneadmin become root only as far as a sudoers file allows', async () => {
    const rule = 'oneadmin ALL=(root) NOPASSWD: /usr/bin/id -u\n';
    writeFileSync(kvm1.path('/etc/sudoers.d/lab-test'), rule, { mode: 0o440 });
    expect(await said(kvm1, 'oneadmin', 'sudo', '-n', 'id', '-u')).toBe('0');
    expect((await kvm1.run(['sudo', '-n', 'true'], { as: 'oneadmin' })).exit).toBe(1);
    expect((await kvm2.run(['sudo', '-n', 'id', '-u'], { as: 'oneadmin' })).exit).toBe(1);
  });

  test('share datastores and volumes, and nothing else of oneadmin’s home', async () => {
    await kvm1.succeed(['sh', '-c', 'echo shared >/var/lib/one/datastores/x; echo mine >/var/lib/one/y'], {
      as: 'oneadmin',
    });
    expect(kvm2.read('/var/lib/one/datastores/x')).toBe('shared\n');
    expect((await kvm2.run(['test', '-e', '/var/lib/one/y'])).exit).toBe(1);

    const volume = await lab.volume({ name: 'shared' });
    const byId = lab.linkById(volume, 'abc.b.def');
    for (const host of [kvm1, kvm2]) {
      for (const path of [volume.device, '/dev/storpool/shared', byId]) {
        const { stdout } = await host.succeed(['stat', '--dereference', '--format=%Hr:%Lr %U', path]);
        expect(stdout.trim()).toBe(`${volume.rdev} oneadmin`);
      }
    }
  });
});

describe.each(['debian', 'affected'] as const)('a domain of the %s QEMU', (emulator) => {
  test('migrates there and back, and loses no write', async () => {
    const here = await lab.startDomain(emulator === 'debian' ? 310 : 311, { emulator, disks: 2, burst: 16 });
    const there = await moved(here, 'kvm2');
    const back = await moved(there, 'kvm1');
    expect(back.pid).not.toBe(here.pid);
    expect(back.refusals()).toBe(0);
    await back.destroy();
    expect(await lab.whereRuns(back)).toEqual({
      kvm1: { state: 'absent', processes: 0 },
      kvm2: { state: 'absent', processes: 0 },
    });
  });
});

async function moved(domain: Domain, destination: string): Promise<Domain> {
  const before = domain.counter();
  const { exit, stderr, log } = await lab.migrate(domain, destination);
  expect([exit, stderr]).toEqual([0, '']);
  expect(log).not.toContain('bdrv_inactivate_all');
  expect(await lab.whereRuns(domain)).toEqual({
    [domain.host.name]: { state: 'absent', processes: 0 },
    [destination]: { state: 'running', processes: 1 },
  });
  const arrived = domain.on(lab.host(destination));
  await arrived.expectCounting();
  for (const index of arrived.disks.keys())
    expect(await arrived.verifyPattern(index)).toBeGreaterThan(before);
  return arrived;
}
