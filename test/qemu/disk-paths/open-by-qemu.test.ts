import { mkdirSync, readdirSync, readlinkSync, rmdirSync, writeFileSync } from 'node:fs';
import type { Finding } from '../../../src/core/finding';
import type { RepairReport } from '../../../src/disk-paths/repair';
import { type Domain, migrateToSink, relinkDisk } from '../../lab/harness';
import { ifMade } from '../../support/if-made';
import { lastingMigration } from '../block-state/endless-migration';
import { diskOf, Stage } from '../qemu-stage';

// With --deep, and as a repair's proof, QEMU itself opens each path: only then its device cgroup and its profile count.

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.start();
});

afterAll(() => ifMade(stage, (made) => made.stop()));

/** What QEMU's descriptors lead to. */
function descriptors({ outerPid }: Domain): string[] {
  const directory = `/proc/${outerPid}/fd`;
  return readdirSync(directory)
    .map((number) => readlinkSync(`${directory}/${number}`))
    .sort();
}

async function ourNodes(domain: Domain): Promise<string[]> {
  const nodes = await domain.qmp<{ 'node-name': string }[]>('query-named-block-nodes', { flat: true });
  return nodes.map((node) => node['node-name']).filter((name) => name.startsWith('migrate-guard-'));
}

async function deep(domain: Domain, ...options: string[]): Promise<{ verdict: string; opens: Finding[] }> {
  const { verdict, findings } = await stage.report('check', domain.name, '--deep', ...options);
  return { verdict, opens: findings.filter(({ check }) => check === 'disk-open') };
}

/** A device cgroup (v1) of its own that refuses one device to this QEMU, as after a daemon-reload of systemd. */
class DeviceCgroup {
  private static readonly hierarchy = '/run/migrate-guard-lab/devices';
  private readonly path: string;

  private constructor(private readonly domain: Domain) {
    this.path = domain.host.path(`${DeviceCgroup.hierarchy}/migrate-guard-test-${domain.outerPid}`);
  }

  static async around(domain: Domain): Promise<DeviceCgroup> {
    const script = `mkdir -p ${this.hierarchy} && mount -t cgroup -o devices cgroup ${this.hierarchy}`;
    await domain.host.succeed(['sh', '-ec', script]);
    const cgroup = new DeviceCgroup(domain);
    mkdirSync(cgroup.path);
    writeFileSync(`${cgroup.path}/cgroup.procs`, String(domain.outerPid));
    return cgroup;
  }

  set(rule: 'allow' | 'deny', device: string): void {
    writeFileSync(`${this.path}/devices.${rule}`, `b ${device} rwm`);
  }

  /** After the end of its QEMU. */
  async remove(): Promise<void> {
    rmdirSync(this.path);
    await this.domain.host.succeed(['umount', DeviceCgroup.hierarchy]);
  }
}

test.each([
  ['debian', 330],
  ['affected', 331],
] as const)('QEMU (%s) opens every path itself, keeps nothing open, and migrates', async (emulator, vmId) => {
  const domain = await stage.domain(vmId, 2, { emulator });
  const before = descriptors(domain);
  const opened = { state: 'ok', what: 'QEMU itself opened it' };
  expect(await deep(domain)).toMatchObject({
    verdict: 'safe',
    opens: [
      { disk: 'vda', ...opened },
      { disk: 'vdb', ...opened },
    ],
  });
  expect([descriptors(domain), await ourNodes(domain)]).toEqual([before, []]);

  // A node that a killed run left survives a hand-over; the next run that may ask QEMU removes it.
  const left = { 'node-name': 'migrate-guard-zzzzz-1', driver: 'host_device', 'read-only': true };
  const filename = diskOf(domain, 0).path;
  await domain.qmp('blockdev-add', { ...left, filename, 'force-share': true });
  expect((await migrateToSink(domain)).status).toBe('completed');
  await domain.qmp('cont');
  await stage.host.succeed(['sh', '-c', 'printf "check: { ask_qemu: no }\\n" >/run/no.yaml']);
  const unasked = await deep(domain, '--config', '/run/no.yaml');
  expect([unasked.verdict, unasked.opens[0]?.what]).toEqual([
    'safe',
    'another process opened it inside the namespace as QEMU (uid 9869, gid 9869); QEMU itself was not asked: check.ask_qemu is false',
  ]);
  expect(await ourNodes(domain)).toEqual(['migrate-guard-zzzzz-1']);
  expect(await deep(domain)).toMatchObject({ verdict: 'safe', opens: [opened, opened] });
  expect([descriptors(domain), await ourNodes(domain)]).toEqual([before, []]);
  await domain.destroy();
});

test('a device that the device cgroup refuses is found, and neither moved nor called repaired', async () => {
  const domain = await stage.domain(332, 1);
  const { rdev } = diskOf(domain, 0).volume;
  const cgroup = await DeviceCgroup.around(domain);
  try {
    cgroup.set('deny', rdev);
    expect((await stage.report('check', '332')).verdict).toBe('safe');
    const found = await deep(domain);
    expect(found).toMatchObject({ verdict: 'blocked', opens: [{ state: 'problem' }] });
    expect(found.opens[0]?.what).toContain(`the device cgroup of this VM refuses block device ${rdev}`);
    expect(found.opens[0]?.remedy).toContain(`write "b ${rdev} rw" to devices.allow`);
    const saved = await stage.guard('save', '332', '/var/lib/one/datastores/0/332/checkpoint');
    expect([saved.exit, saved.stderr]).toEqual([1, expect.stringContaining('the device cgroup')]);

    const { path, volume } = diskOf(domain, 0);
    domain.host.link('/dev/storpool-byid/other', `../${volume.name}`);
    const relinked = await stage.guard('relink', path, '/dev/storpool-byid/other', '--json');
    expect([relinked.exit, relinked.stdout]).toEqual([
      1,
      expect.stringMatching(/"result": ?"left"[^]*the device cgroup of this VM refuses/),
    ]);

    relinkDisk(domain);
    const repaired = await stage.report<RepairReport>('repair', '332');
    expect([repaired.exit, repaired.result]).toEqual([3, 'failed']);
    expect(repaired.findings.at(-1)?.what).toContain('the device cgroup of this VM refuses');

    cgroup.set('allow', rdev);
    const again = await stage.report<RepairReport>('repair', '332');
    expect([again.exit, again.result]).toEqual([0, 'repaired']);
    expect(again.findings).toContainEqual(
      expect.objectContaining({ check: 'disk-open', what: 'QEMU itself opened it' }),
    );
    expect((await migrateToSink(domain)).status).toBe('completed');
  } finally {
    await domain.destroy();
    await cgroup.remove();
  }
});

test('while a block job or a migration runs QEMU is not asked, and the finding says so', async () => {
  const domain = await stage.domain(333, 1);
  const whyNot = async (): Promise<string | undefined> => {
    const { verdict, opens } = await deep(domain);
    expect(verdict).toBe('safe');
    return opens[0]?.what.split('QEMU itself was not asked: ')[1];
  };
  await domain.qmp('blockdev-add', { driver: 'null-co', 'node-name': 'nowhere', size: 2 ** 20 });
  const job = { 'job-id': 'copy', device: 'libvirt-1-format', target: 'nowhere', sync: 'full', speed: 1 };
  await domain.qmp('blockdev-mirror', job);
  expect(await whyNot()).toBe('a block job runs');
  await domain.qmp('block-job-cancel', { device: 'copy', force: true });
  const migration = await lastingMigration(domain, 'active');
  expect(await whyNot()).toBe('a migration runs');
  await migration.cancel();
  expect(await whyNot()).toBeUndefined();
  await domain.destroy();
});
