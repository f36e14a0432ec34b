import { isProtectedLink, judgeAccess, wantedBits } from '../../../src/disk-paths/model/permissions';
import type { AccessFact } from '../../../src/disk-paths/model/facts';
import { parseMounts } from '../../../src/file-tree/model/mounts';
import type { View } from '../../../src/file-tree/model/entry';
import { resolvePath } from '../../../src/file-tree/model/walk';
import { aLink, aSource, qemuUser, storpoolView } from '../../support/factories';

const mounts = parseMounts(
  [
    '20 1 8:1 / / rw - ext4 /dev/vda1 rw',
    '21 20 0:5 / /dev rw,nosuid - tmpfs devfs rw',
    '22 20 0:6 / /mnt/ro rw - nfs server:/export ro',
    '23 20 0:7 / /mnt/plain rw,nodev,nosymfollow - ext4 /dev/vdb rw',
    '',
  ].join('\n'),
);
const context = { credentials: qemuUser, mounts, protectsLinks: true };
const file = { kind: 'file', device: '8:1', inode: '7', mode: 0o640, uid: 9869, gid: 9869 } as const;
const node = { kind: 'block', device: '252:3', mode: 0o660, uid: 0, gid: 6 } as const;

/** A view with this entry at one path, and directories above it. */
function only(path: string, entry: ReturnType<View>): View {
  return (asked) => (asked === path ? entry : { kind: 'directory', mode: 0o755, uid: 0, gid: 0 });
}

function judge(view: View, path: string, access?: string, changes = {}): AccessFact | undefined {
  const answer = { resolved: resolvePath(view, path), ...(access === undefined ? {} : { access }) };
  return judgeAccess(aSource({ path }), answer, { ...context, ...changes });
}

test('a disk is opened for reading and writing, a read-only one for reading', () => {
  expect([wantedBits({ readonly: false }), wantedBits({ readonly: true })]).toEqual([6, 4]);
});

describe('the kernel’s answer', () => {
  test.each<[string, string | undefined, object]>([
    ['yes', 'ok', { kind: 'allowed' }],
    ['no', 'EACCES', { kind: 'refused', path: '/dev/sp-3', why: { what: 'mode 0660, owner 0:6' } }],
    [
      'that the file system is read-only',
      'EROFS',
      { kind: 'refused', path: '/dev/sp-3', why: { what: 'EROFS' } },
    ],
    [
      'that it could not look',
      'EIO',
      { unknown: 'whether QEMU may use /dev/sp-3 cannot be determined: EIO' },
    ],
    ['nothing', undefined, { unknown: 'whether QEMU may use /dev/sp-3 cannot be determined: no answer' }],
  ])('%s', (_, access, expected) => {
    expect(judge(only('/dev/sp-3', node), '/dev/sp-3', access)).toMatchObject(expected);
  });

  test('no, but QEMU overrides permissions, which access(2) ignores', () => {
    const credentials = { ...qemuUser, overridesAccess: true };
    expect(judge(only('/dev/sp-3', node), '/dev/sp-3', 'EACCES', { credentials })).toEqual({
      kind: 'allowed',
    });
  });

  test('that a directory on the path may not be searched', () => {
    const view: View = (path) =>
      path === '/a/b/disk'
        ? { kind: 'unreadable', error: 'EACCES' }
        : { kind: 'directory', mode: 0o700, uid: 0, gid: 0 };
    const why = 'EACCES, it may not search this directory';
    expect(judge(view, '/a/b/disk')).toMatchObject({ kind: 'refused', path: '/a/b', why: { what: why } });
  });

  test.each(['EIO', 'the storage at /mnt/x does not answer'])('that an access failed: %s', (error) => {
    expect(judge(only('/a/disk', { kind: 'unreadable', error }), '/a/disk')).toBeUndefined();
  });

  test('there is no query for an end that is not a disk or is missing', () => {
    expect(judge(storpoolView(), '/dev', 'ok')).toBeUndefined();
    expect(judge(only('/a', { kind: 'missing' }), '/a')).toBeUndefined();
  });
});

describe('refusals that a walk by hand does not notice', () => {
  test('a device on a file system mounted nodev', () => {
    const path = '/mnt/plain/node';
    const why = 'it lies on a file system mounted nodev';
    expect(judge(only(path, node), path, 'ok')).toMatchObject({ kind: 'refused', path, why: { what: why } });
  });

  test('a file on a file system mounted read-only', () => {
    const path = '/mnt/ro/disk';
    const why = 'it lies on a file system mounted read-only';
    expect(judge(only(path, file), path, 'ok')).toMatchObject({ kind: 'refused', path, why: { what: why } });
    const readonly = aSource({ path, readonly: true });
    expect(
      judgeAccess(readonly, { resolved: resolvePath(only(path, file), path), access: 'ok' }, context),
    ).toEqual({
      kind: 'allowed',
    });
  });

  test('a link on a file system mounted nosymfollow', () => {
    const view: View = (path) =>
      path === '/mnt/plain/link' ? aLink('/dev/sp-3') : only('/dev/sp-3', node)(path);
    const why = 'it is a link on a file system mounted nosymfollow';
    expect(judge(view, '/mnt/plain/link', 'ok')).toMatchObject({
      kind: 'refused',
      path: '/mnt/plain/link',
      why: { what: why },
    });
  });

  test.each([
    [true, 'refused'],
    [false, 'allowed'],
  ])(
    'another user’s link in a directory that all may write, while fs.protected_symlinks is %p',
    (protectsLinks, kind) => {
      const view: View = (path) => {
        if (path === '/tmp') return { kind: 'directory', mode: 0o1777, uid: 0, gid: 0 };
        return path === '/tmp/link' ? { ...aLink('/dev/sp-3'), uid: 5 } : only('/dev/sp-3', node)(path);
      };
      expect(judge(view, '/tmp/link', 'ok', { protectsLinks })).toMatchObject({ kind });
    },
  );
});

describe('protected links', () => {
  test.each([
    ['another’s link in a sticky directory that all may write', 5, 0, 0o1777, true],
    ['QEMU’s own link', 9869, 0, 0o1777, false],
    ['a link of the directory’s owner', 0, 0, 0o1777, false],
    ['a directory that is not sticky', 5, 0, 0o777, false],
    ['a directory that not all may write', 5, 0, 0o1775, false],
  ])('%s', (_, link, directory, mode, expected) => {
    const permissions = { mode, uid: directory, gid: 0 };
    expect(isProtectedLink({ mode: 0o777, uid: link, gid: 0 }, permissions, qemuUser)).toBe(expected);
  });
});
