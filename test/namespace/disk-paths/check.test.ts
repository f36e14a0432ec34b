import { parseChecked, placeDisk, useStage } from '../harness';

const on = useStage({ volumes: 3 });

const inQemu = "in QEMU's mount namespace";
const repairable = { exit: 1, verdict: 'repairable' };
const blocked = { exit: 1, verdict: 'blocked', plan: [] };

describe('a healthy domain', () => {
  test.each(['one-310', '310'])('is safe, by the name %s', async (word) => {
    const { disk, qemu } = await on.startHealthy();
    const { rdev } = on.volume(0);
    const evidence = {
      host: [
        `${disk.path} -> ${disk.link}`,
        `${disk.link} -> ../sp-310-0`,
        `/dev/sp-310-0: block device ${rdev}`,
      ],
      namespace: [
        `${disk.path} -> ${disk.link}`,
        `${disk.link} -> ../sp-310-0`,
        `/dev/sp-310-0: block device ${rdev}`,
      ],
      device: rdev,
    };
    const base = { disk: 'vda', path: disk.path, state: 'ok', affects: [] };
    const checked = await on.stage.check(word);
    expect(checked).toMatchObject({ exit: 0, stderr: '', verdict: 'safe', troubles: [] });
    expect(checked.domains).toMatchObject([{ domain: 'one-310', pid: qemu.pid }]);
    expect(checked.findings).toEqual([
      { ...base, check: 'disk-path', what: 'the path leads to a disk', evidence },
      {
        ...base,
        check: 'disk-device',
        what: 'the path leads to what QEMU holds open',
        evidence: { ...evidence, open: rdev },
      },
      { ...base, check: 'disk-access', what: 'QEMU (uid 9869, gid 9869) may open it', evidence },
    ]);
  });

  test('is safe by its UUID, in either case', async () => {
    const { qemu } = await on.startHealthy();
    expect(await on.stage.check(qemu.uuid.toUpperCase())).toMatchObject({ exit: 0, verdict: 'safe' });
  });

  test('is one line of text', async () => {
    await on.startHealthy();
    const { exit, stdout, stderr } = await on.stage.run(['check', '--all', ...on.stage.configuration]);
    expect({ exit, stdout, stderr }).toEqual({ exit: 0, stdout: 'one-310: safe\n', stderr: '' });
  });

  test('in the host’s mount namespace is safe, too', async () => {
    const disk = await placeDisk(on.stage, on.volume(0));
    await on.stage.startQemu({ disks: [disk], ownNamespace: false });
    expect(await on.stage.check('310')).toMatchObject({ exit: 0, verdict: 'safe', troubles: [] });
  });

  test('is checked even if not all domains can be held at the same time', async () => {
    const disk = await placeDisk(on.stage, on.volume(0));
    const names = Array.from({ length: 6 }, (_, index) => `one-${310 + index}`);
    for (const name of names) await on.stage.startQemu({ name, disks: [disk], ownNamespace: false });
    const all = ['check', '--all', '--json', ...on.stage.configuration];
    // 100 descriptors are reserved, and each domain needs three: four at the same time.
    const { domains } = parseChecked(await on.stage.run(all, { under: ['prlimit', '--nofile=112'] }));
    expect(domains.map(({ domain, verdict }) => `${domain} ${verdict}`)).toEqual(
      names.map((name) => `${name} safe`),
    );
  });

  test('with --deep, on a file system with 64-bit inode numbers', async () => {
    const { host } = on.stage;
    // overlayfs numbers its files so over two file systems (Documentation/filesystems/overlayfs.rst, xino); CephFS
    // and NFS always do.
    for (const layer of ['one', 'other', 'upper']) {
      host.directory(`/mnt/${layer}`);
      host.mount('-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', `/mnt/${layer}`);
    }
    for (const made of ['/mnt/upper/new', '/mnt/upper/work', '/mnt/whole']) host.directory(made);
    const path = '/mnt/whole/disk.0';
    host.file('/mnt/one/disk.1', 'x', { uid: 9869 });
    host.file('/mnt/other/disk.0', 'x', { uid: 9869 });
    const layers = 'lowerdir=/mnt/one:/mnt/other,upperdir=/mnt/upper/new,workdir=/mnt/upper/work';
    host.mount('-t', 'overlay', '-o', `xino=on,${layers}`, 'overlay', '/mnt/whole');
    host.inside('chown', '9869:9869', path);
    const inode = host.inside('stat', '--format=%i', path).trim();
    expect(BigInt(inode)).toBeGreaterThan(BigInt(Number.MAX_SAFE_INTEGER));
    await on.stage.startQemu({ disks: [{ path, type: 'file' }] });
    const { findings } = await on.stage.check('310', '--deep');
    expect(findings).toContainEqual(expect.objectContaining({ check: 'disk-open', state: 'ok' }));
  });

  test('with --deep has opened each disk as QEMU would; what libvirtd does not answer stays undecided', async () => {
    await on.startHealthy();
    const { exit, verdict, findings, troubles } = await on.stage.check('310', '--deep');
    expect({ exit, verdict }).toEqual({ exit: 2, verdict: 'undecided' });
    expect(findings).toContainEqual(
      expect.objectContaining({
        check: 'disk-open',
        state: 'ok',
        what: expect.stringMatching(
          /^another process opened it inside the namespace as QEMU \(uid 9869, gid 9869\); QEMU itself was not asked: /,
        ) as string,
      }),
    );
    expect(troubles).toEqual([
      expect.stringMatching(/^disk-name unknown: QEMU could not be asked for its block nodes: /),
      // A fake QEMU has no log and no layout.
      expect.stringMatching(
        /^block-state unknown: QEMU's log .* cannot be read: ENOENT; memory was not read: /,
      ),
    ]);
  });
});

describe('a part that is missing in the namespace', () => {
  test('a directory and the link in it: planned from the host', async () => {
    const { disk, qemu } = await on.startHealthy();
    qemu.tree.remove('/dev/storpool');
    const checked = await on.stage.check('310');
    expect(checked).toMatchObject({
      ...repairable,
      troubles: [`disk-path problem: /dev/storpool is missing ${inQemu}`],
    });
    expect(checked.plan).toEqual([
      { step: 'make-directory', path: '/dev/storpool', mode: 0o755, uid: 0, gid: 0 },
      { step: 'make-symlink', path: disk.link, target: '../sp-310-0', mode: 0o777, uid: 0, gid: 0 },
    ]);
  });

  test('the same as text', async () => {
    const { disk, qemu } = await on.startHealthy();
    qemu.tree.remove('/dev/storpool');
    const { exit, stdout } = await on.stage.run(['check', '310', ...on.stage.configuration]);
    expect(exit).toBe(1);
    expect(stdout).toBe(
      `one-310: repairable
  vda ${disk.path}: /dev/storpool is missing ${inQemu}
    -> migrate-guard repair one-310
  a repair would do:
    make directory /dev/storpool (owner 0:0, mode 0755)
    make link ${disk.link} -> ../sp-310-0 (owner 0:0)
`,
    );
  });

  test('the link alone', async () => {
    const { disk, qemu } = await on.startHealthy();
    qemu.tree.remove(disk.link);
    expect(await on.stage.check('310')).toMatchObject({
      ...repairable,
      troubles: [`disk-path problem: ${disk.link} is missing ${inQemu}`],
      plan: [{ step: 'make-symlink', path: disk.link }],
    });
  });

  test('the device: created like the existing node inside', async () => {
    const { disk, qemu } = await on.startHealthy();
    await qemu.tree.node('/dev/loop-old', 'b', on.volume(0).rdev, { uid: 9869, mode: 0o640 });
    qemu.tree.remove(disk.node);
    expect(await on.stage.check('310')).toMatchObject({
      ...repairable,
      troubles: [`disk-path problem: ${disk.node} is missing ${inQemu}`],
      plan: [{ step: 'make-node', path: disk.node, device: on.volume(0).rdev, uid: 9869, mode: 0o640 }],
    });
  });

  test('the device to which a link still leads', async () => {
    const { disk } = await on.startHealthy();
    on.stage.host.remove(disk.path);
    on.stage.host.link(disk.path, '/dev/new/name');
    on.stage.host.link('/dev/new/name', `..${disk.node.slice(4)}`);
    expect(await on.stage.check('310')).toMatchObject({
      ...repairable,
      troubles: [`disk-path problem: /dev/new is missing ${inQemu}`],
    });
  });

  test('the link on the host as well: there is nothing to repair from', async () => {
    const { disk } = await on.startHealthy();
    on.stage.host.remove(disk.link);
    expect(await on.stage.check('310')).toMatchObject({
      ...blocked,
      troubles: [`disk-path problem: ${disk.link} is missing on the host`],
    });
  });

  test('a link that dangles by design', async () => {
    const { disk, qemu } = await on.startHealthy();
    qemu.tree.remove(disk.link);
    qemu.tree.link(disk.link, '../gone');
    expect(await on.stage.check('310')).toMatchObject({
      ...repairable,
      troubles: [`disk-path problem: /dev/gone is missing ${inQemu}`],
      plan: [{ step: 'replace-symlink', path: disk.link, was: '../gone', target: '../sp-310-0' }],
    });
  });
});
