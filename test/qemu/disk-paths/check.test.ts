import { type Domain, migrateToSink, relinkDisk } from '../../lab/harness';
import { ifMade } from '../../support/if-made';
import { diskOf, Stage } from '../qemu-stage';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.start();
});

afterAll(() => ifMade(stage, (made) => made.stop()));

test('a healthy domain is safe by name, number and UUID, and it migrates', async () => {
  const domain = await stage.domain(310, 2);
  for (const word of ['one-310', '310', domain.uuid, domain.uuid.toUpperCase()]) {
    expect(await stage.guard('check', word)).toMatchObject({
      exit: 0,
      stderr: '',
      stdout: 'one-310: safe\n',
    });
  }
  const { pid, findings } = await stage.report('check', '310');
  expect(pid).toBe(domain.pid);
  expect(findings).toContainEqual(
    expect.objectContaining({
      check: 'disk-device',
      disk: 'vdb',
      state: 'ok',
      evidence: expect.objectContaining({
        device: diskOf(domain, 1).volume.rdev,
        open: diskOf(domain, 1).volume.rdev,
      }) as object,
    }),
  );
  expect((await migrateToSink(domain)).status).toBe('completed');
  await domain.destroy();
});

test('a re-pointed link is repairable, with the hop, the reason and the remedy; and the migration fails', async () => {
  const domain = await stage.domain(311, 2);
  relinkDisk(domain, 0, 'fir.b.f2g');
  const { exit, stdout } = await stage.guard('check', 'one-311');
  expect(exit).toBe(1);
  expect(stdout).toBe(
    [
      'one-311: repairable',
      "  vda /var/lib/one//datastores/0/311/disk.0: /dev/storpool-byid is missing in QEMU's mount namespace",
      '    -> migrate-guard repair one-311',
      '  a repair would do:',
      '    make directory /dev/storpool-byid (owner 0:0, mode 0755)',
      `    make link /dev/storpool-byid/fir.b.f2g -> ../${diskOf(domain, 0).volume.name} (owner 0:0)`,
      '',
    ].join('\n'),
  );
  const explained = await stage.guard('explain', '311');
  expect(explained.exit).toBe(1);
  expect(explained.stdout).toMatch(
    /^ {2}! \/dev\/storpool-byid\/fir\.b\.f2g -> \S+ +\/dev\/storpool-byid: missing$/m,
  );
  expect((await migrateToSink(domain)).status).toBe('failed');
  await domain.destroy();
});

test('a path that leads to another device is blocked, with both devices named', async () => {
  const domain = await stage.domain(312, 1);
  const other = await stage.volume();
  const node = await stage.host.addVolume(other);
  stage.host.link(diskOf(domain, 0).path, node);
  const { exit, verdict, findings } = await stage.report('check', 'one-312');
  expect([exit, verdict]).toEqual([1, 'blocked']);
  expect(findings).toContainEqual(
    expect.objectContaining({
      check: 'disk-device',
      state: 'problem',
      what: `the path leads to block device ${other.rdev} on the host, but QEMU holds block device ${diskOf(domain, 0).volume.rdev} open`,
    }),
  );
  await domain.destroy();
});

describe('a read-only disk whose path is gone', () => {
  test.each([
    ['a disk', 313, 'disk'],
    ['a CD-ROM', 314, 'cdrom'],
  ] as const)('%s does not prevent a migration, so it is safe, with a note', async (_, vmId, device) => {
    const [writable, readonly] = [await stage.volume(), await stage.volume()];
    const options = device === 'cdrom' ? ({ target: 'hda', device } as const) : { target: 'vdb' };
    const domain = await stage.domain(vmId, 0, {
      disks: [
        { target: 'vda', volume: writable },
        { ...options, volume: readonly, readonly: true },
      ],
    });
    relinkDisk(domain, 1);
    const { stdout, exit } = await stage.guard('check', domain.name, '--deep');
    expect(exit).toBe(0);
    expect(stdout).toContain(
      'note: ' +
        options.target +
        ' ' +
        diskOf(domain, 1).path +
        ": /dev/storpool-byid is missing in QEMU's mount namespace, but QEMU holds this disk read-only",
    );
    expect((await migrateToSink(domain)).status).toBe('completed');
    await domain.destroy();
  });
});

test('--deep queries QEMU and opens each disk as QEMU, and is undecided without libvirtd', async () => {
  const domain = await stage.domain(315, 1);
  const { verdict, findings } = await stage.report('check', '315', '--deep');
  expect(verdict).toBe('safe');
  expect(findings.map(({ check, what }) => [check, what])).toEqual([
    ['disk-path', 'the path leads to a disk'],
    ['disk-device', 'the path leads to what QEMU holds open'],
    ['disk-access', 'QEMU (uid 9869, gid 9869) may open it'],
    ['disk-open', 'QEMU itself opened it'],
    ['disk-name', 'QEMU and libvirt call every file by the same name'],
    ['block-state', expect.stringMatching(/^QEMU's log has no failed hand-over since its start at /)],
  ]);
  const socket = '/run/libvirt/libvirt-sock';
  await stage.host.succeed(['mv', socket, `${socket}.away`]);
  try {
    const without = await stage.report('check', '315', '--deep');
    expect([without.exit, without.verdict]).toEqual([2, 'undecided']);
    expect(without.findings).toContainEqual(
      expect.objectContaining({
        check: 'disk-name',
        state: 'unknown',
        remedy: 'see whether libvirt’s daemon (libvirtd or virtqemud) runs and answers',
      }),
    );
    expect((await stage.report('check', '315')).verdict).toBe('safe');
  } finally {
    await stage.host.succeed(['mv', `${socket}.away`, socket]);
  }
  await domain.destroy();
});

test('firmware that an upgrade has replaced does not prevent a migration, so it is safe, with a note', async () => {
  const [loader, variables] = ['/var/lib/one/firmware/code.fd', '/var/lib/one/firmware/vars.fd'];
  const put = (path: string): Promise<unknown> =>
    stage.host.succeed([
      'install',
      '-D',
      '-o',
      '9869',
      '-m',
      '600',
      '/usr/share/seabios/bios-256k.bin',
      path,
    ]);
  await put(loader);
  await put(variables);
  const domain = await stage.domain(320, 1, { nvram: { loader, path: variables } });
  const before = await stage.report('check', '320', '--deep');
  expect([before.verdict, before.findings.filter(({ note }) => note)]).toEqual(['safe', []]);
  await put(`${loader}.new`);
  await stage.host.succeed(['mv', `${loader}.new`, loader]);
  const { exit, stdout } = await stage.guard('check', '320', '--deep');
  expect([exit, stdout]).toEqual([
    0,
    `one-320: safe\n  note: loader ${loader}: the firmware was replaced since the VM started; QEMU has the old file, and does not open it again to migrate\n`,
  ]);
  expect((await migrateToSink(domain)).status).toBe('completed');
  await domain.destroy();
});

test('after OpenNebula’s live snapshot of a qcow2 disk: blocked, because a saved guest cannot be restored', async () => {
  const directory = '/var/lib/one/datastores/0/321';
  const asOneadmin = (script: string): Promise<unknown> =>
    stage.host.succeed(['sh', '-ec', `cd ${directory}; ${script}`], { as: 'oneadmin' });
  await stage.host.succeed(['install', '-d', '-o', 'oneadmin', directory, `${directory}/disk.0.snap`]);
  await asOneadmin('qemu-img create -q -f qcow2 disk.0.snap/0 1M; ln -s disk.0.snap/0 disk.0');
  const disks = [{ target: 'vda', path: `${directory}/disk.0`, type: 'file', format: 'qcow2' }] as const;
  const start = (): Promise<Domain> => stage.domain(321, 0, { disks, boot: false });
  let domain = await start();
  expect((await stage.report('check', '321')).verdict).toBe('safe');

  await asOneadmin('ln -s . disk.0.snap/disk.0.snap');
  await asOneadmin('cd disk.0.snap; qemu-img create -q -b disk.0.snap/0 -F qcow2 -f qcow2 1');
  const spec = `vda,file=${directory}/disk.0.snap/1`;
  const how = ['--disk-only', '--atomic', '--no-metadata', '--reuse-external'];
  await stage.host.virsh('snapshot-create-as', domain.uuid, ...how, '--diskspec', spec);
  await asOneadmin('ln -sfn disk.0.snap/1 disk.0');

  const { verdict, findings } = await stage.report('check', '321');
  expect(verdict).toBe('blocked');
  expect(findings.filter(({ state }) => state !== 'ok')).toMatchObject([
    { check: 'disk-device', disk: 'vda', path: `${directory}/disk.0`, state: 'problem' },
  ]);
  const file = `${directory}/checkpoint`;
  const refused = await stage.guard('save', '321', file);
  expect([refused.exit, refused.stderr]).toEqual([1, expect.stringContaining('the same chain')]);
  await stage.host.virsh('save', domain.uuid, file);
  await expect(stage.host.virsh('restore', file)).rejects.toThrow('Failed to get "write" lock');

  domain = await start();
  expect((await stage.report('check', '321')).verdict).toBe('safe');
  await domain.destroy();
});

test('disks whose paths were exchanged: --deep finds it by their sizes, and a migration is refused', async () => {
  const volumes = [await stage.volume(), await stage.volume([0], 2 * 1024 * 1024)];
  const domain = await stage.domain(319, 0, {
    disks: volumes.map((volume, index) => ({ target: `vd${'ab'[index] ?? ''}`, volume })),
  });
  expect((await stage.report('check', '319', '--deep')).verdict).toBe('safe');
  const [first, second] = [diskOf(domain, 0), diskOf(domain, 1)];
  stage.host.link(first.path, second.volume.device);
  stage.host.link(second.path, first.volume.device);
  const { exit, verdict, findings } = await stage.report('check', '319', '--deep');
  expect([exit, verdict]).toEqual([1, 'blocked']);
  expect(findings.filter(({ state }) => state !== 'ok')).toMatchObject([
    {
      check: 'disk-size',
      state: 'problem',
      disk: 'vda',
      what: 'the path leads to a device of 2097152 bytes, but what QEMU holds for vda has 1048576 bytes, as has the one that vdb leads to: they are exchanged',
    },
    { check: 'disk-size', state: 'problem', disk: 'vdb' },
  ]);
  const moved = await stage.guard('save', '319', '/var/lib/one/datastores/0/319/checkpoint');
  expect([moved.exit, moved.stderr]).toEqual([1, expect.stringContaining('they are exchanged')]);
  await domain.destroy();
});

test('a domain that is off or unknown gets a clear message', async () => {
  const domain = await stage.domain(316, 1);
  await domain.destroy();
  const { exit, stdout, stderr } = await stage.guard('check', 'one-316');
  expect([exit, stderr]).toEqual([2, '']);
  expect(stdout).toBe(
    'one-316: undecided\n  domain: no domain one-316 runs on this host\n    -> see virsh list for the domains of this host\n',
  );
});

test('--all checks every running domain, whatever its name', async () => {
  const domains = [await stage.domain(317, 1), await stage.domain(318, 1, { name: 'web server (2)' })];
  const second = domains[1];
  if (second) relinkDisk(second);
  const { exit, stdout } = await stage.guard('check', '--all');
  expect(exit).toBe(1);
  expect(stdout).toContain('one-317: safe\n');
  expect(stdout).toContain('web server (2): repairable\n');
  expect((await stage.guard('check', 'web server (2)')).exit).toBe(1);
  for (const domain of domains) await domain.destroy();
});
