import {
  giveToQemu,
  oneadmin,
  placeDisk,
  useStage,
  type Checked,
  type PlacedDisk,
  type Qemu,
  type QemuOptions,
} from '../harness';

// Every result is compared with the kernel's: the fake QEMU opens the disk with its own rights.

const on = useStage();

type Change = (qemu: Qemu, disk: PlacedDisk) => void | Promise<void>;

/** The report of check after the change, and whether the kernel lets QEMU read and write the disk. */
async function judge(
  user: QemuOptions['user'],
  change: Change,
): Promise<{ checked: Checked; opens: boolean }> {
  const disk = await placeDisk(on.stage, on.volume(0));
  const qemu = await on.stage.startQemu({
    disks: [disk],
    prepare: (tree) => giveToQemu(tree, disk),
    ...(user === undefined ? {} : { user }),
  });
  await change(qemu, disk);
  const answers = (await qemu.servant.ask('open', disk.path)).split(',');
  return {
    checked: await on.stage.check('310'),
    opens: answers.every((answer) => answer === `block ${on.volume(0).rdev}`),
  };
}

const own =
  (mode: number, uid: number, gid: number): Change =>
  (qemu, disk) =>
    qemu.tree.own(disk.node, { mode, uid, gid });

describe('QEMU may open its disk', () => {
  test.each<[string, QemuOptions['user'], Change]>([
    ['as its owner', oneadmin, own(0o600, 9869, 0)],
    ['as a member of the group', oneadmin, own(0o660, 0, 9869)],
    ['by a supplementary group', { ...oneadmin, groups: [6, 36] }, own(0o660, 0, 6)],
    ['as any user', oneadmin, own(0o666, 0, 0)],
    [
      'by an access control list that names it',
      oneadmin,
      (qemu, disk) => {
        qemu.tree.own(disk.node, { mode: 0o600 });
        qemu.tree.acl(disk.node, 'u:9869:rw');
      },
    ],
    [
      'by an access control list that names a group',
      { ...oneadmin, groups: [36] },
      (qemu, disk) => {
        qemu.tree.own(disk.node, { mode: 0o600 });
        qemu.tree.acl(disk.node, 'g:36:rw');
      },
    ],
    ['as root with all capabilities', 'root', own(0o000, 5, 5)],
    ['as root without capabilities, who owns it', 'root-without-capabilities', own(0o600, 0, 0)],
    [
      'as root without capabilities, by a list that lets it search a directory',
      'root-without-capabilities',
      (qemu, disk) => {
        qemu.tree.own('/dev/storpool', { mode: 0o000, uid: 9869, gid: 9869 });
        qemu.tree.acl('/dev/storpool', 'g:0:x');
        qemu.tree.own(disk.node, { mode: 0o600, uid: 0 });
      },
    ],
    [
      'by a list that lets it search a directory',
      oneadmin,
      (qemu) => {
        qemu.tree.own('/dev/storpool', { mode: 0o700 });
        qemu.tree.acl('/dev/storpool', 'u:9869:x');
      },
    ],
  ])('%s', async (_, user, change) => {
    const { checked, opens } = await judge(user, change);
    expect(opens).toBe(true);
    expect(checked).toMatchObject({ exit: 0, verdict: 'safe', troubles: [] });
  });
});

const may = (path: string, why: string, who = 'uid 9869, gid 9869'): string =>
  `disk-access problem: QEMU (${who}) may not open ${path} in its mount namespace: ${why}`;
const node = '/dev/sp-310-0';

describe('QEMU may not open its disk', () => {
  test.each<[string, QemuOptions['user'], Change, string]>([
    ['of another owner', oneadmin, own(0o600, 0, 0), may(node, 'mode 0600, owner 0:0')],
    ['that it may only read', oneadmin, own(0o440, 9869, 0), may(node, 'mode 0440, owner 9869:0')],
    [
      'of a group of which it is not a member',
      { ...oneadmin, groups: [36] },
      own(0o660, 0, 6),
      may(node, 'mode 0660, owner 0:6', 'uid 9869, gid 9869, groups 36'),
    ],
    [
      'whose group has fewer rights than other users',
      oneadmin,
      own(0o606, 0, 9869),
      may(node, 'mode 0606, owner 0:9869'),
    ],
    [
      'whose access list is limited by its mask',
      oneadmin,
      (qemu, disk) => {
        qemu.tree.own(disk.node, { mode: 0o600 });
        qemu.tree.acl(disk.node, 'u:9869:rw,m:r');
      },
      may(node, 'mode 0640, owner 0:0'),
    ],
    [
      'whose access list denies what other users may',
      oneadmin,
      (qemu, disk) => {
        qemu.tree.own(disk.node, { mode: 0o666 });
        qemu.tree.acl(disk.node, 'u:9869:-');
      },
      may(node, 'mode 0666, owner 0:0'),
    ],
    [
      'as root without capabilities, of another owner',
      'root-without-capabilities',
      own(0o600, 9869, 0),
      may(node, 'mode 0600, owner 9869:0', 'uid 0, gid 0'),
    ],
    [
      'as root without capabilities, behind a directory whose list leaves it out',
      'root-without-capabilities',
      (qemu) => {
        qemu.tree.own('/dev/storpool', { mode: 0o755, uid: 9869 });
        qemu.tree.acl('/dev/storpool', 'u:0:-');
      },
      may('/dev/storpool', 'EACCES, it may not search this directory', 'uid 0, gid 0'),
    ],
    [
      'behind a directory that it may not search',
      oneadmin,
      (qemu) => qemu.tree.own('/dev/storpool', { mode: 0o700 }),
      may('/dev/storpool', 'EACCES, it may not search this directory'),
    ],
    [
      'behind a directory of the datastore that it may not search',
      oneadmin,
      () => on.stage.host.own('/mnt/one/datastores/0', { mode: 0o750 }),
      may('/mnt/one/datastores/0', 'EACCES, it may not search this directory'),
    ],
    [
      'on a file system that knows no devices',
      oneadmin,
      (qemu) => qemu.tree.mount('-o', 'remount,nodev', '/dev'),
      may(node, 'it lies on a file system mounted nodev'),
    ],
    [
      'through a link on a file system that follows none',
      oneadmin,
      (qemu) => qemu.tree.mount('-o', 'remount,nosymfollow', '/dev'),
      may('/dev/storpool/one-310-disk-0', 'it is a link on a file system mounted nosymfollow'),
    ],
  ])('%s', async (_, user, change, trouble) => {
    const { checked, opens } = await judge(user, change);
    expect(opens).toBe(false);
    expect(checked).toMatchObject({ exit: 1, verdict: 'blocked', troubles: [trouble] });
  });

  test('through another user’s link in a sticky directory, where the kernel protects links', async () => {
    const setting = '/mnt/protected_symlinks';
    on.stage.host.file(setting, '1\n');
    on.stage.host.mount('--bind', setting, '/proc/sys/fs/protected_symlinks');
    const { checked } = await judge(oneadmin, (qemu, { link }) => {
      qemu.tree.own('/dev/storpool', { mode: 0o1777 });
      qemu.tree.own(link, { uid: 5 });
    });
    expect(checked.troubles).toEqual([
      may(
        '/dev/storpool/one-310-disk-0',
        'fs.protected_symlinks forbids to follow a link of another owner in a sticky, world-writable directory',
      ),
    ]);
  });
});

describe('a file on a file system that has been mounted read-only since', () => {
  const path = '/mnt/one/images/disk.0';
  const startWithFile = async (readonly: boolean): Promise<Qemu> => {
    on.stage.host.file(path, '', { uid: 9869 });
    return on.stage.startQemu({ disks: [{ path, type: 'file', readonly }] });
  };

  test('QEMU could not take the disk back', async () => {
    const qemu = await startWithFile(false);
    expect(await on.stage.check('310')).toMatchObject({ exit: 0, verdict: 'safe' });
    qemu.tree.mount('--bind', '/mnt/one/images', '/mnt/one/images');
    qemu.tree.mount('-o', 'remount,bind,ro', '/mnt/one/images');
    expect(await qemu.servant.ask('open', path)).toMatch(/^file .*,EROFS$/);
    expect(await on.stage.check('310')).toMatchObject({
      exit: 1,
      verdict: 'blocked',
      troubles: [may(path, 'it lies on a file system mounted read-only')],
    });
  });

  test('a disk that QEMU only reads stays safe', async () => {
    const qemu = await startWithFile(true);
    qemu.tree.mount('--bind', '/mnt/one/images', '/mnt/one/images');
    qemu.tree.mount('-o', 'remount,bind,ro', '/mnt/one/images');
    expect(await on.stage.check('310')).toMatchObject({ exit: 0, verdict: 'safe' });
  });
});

describe('a read-only disk', () => {
  test('is not reopened, so it need not exist', async () => {
    const disk = { ...(await placeDisk(on.stage, on.volume(0))), readonly: true };
    const qemu = await on.stage.startQemu({ disks: [disk], prepare: (tree) => giveToQemu(tree, disk) });
    qemu.tree.remove('/dev/storpool');
    const { exit, stdout } = await on.stage.run(['check', '310', ...on.stage.configuration]);
    expect(exit).toBe(0);
    expect(stdout).toBe(
      `one-310: safe\n  note: vda ${disk.path}: /dev/storpool is missing in QEMU's mount namespace, but QEMU holds this disk read-only and does not open it again to migrate\n`,
    );
  });
});
