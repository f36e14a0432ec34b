import fc from '../../fast-check';
import { accessByAcl, accessByMode, isProtectedLink, parseAcl, wantedBits } from '../../../src/core/access';
import { qemuUser } from '../factories';

const owner = { uid: 100, gid: 200 };
const other = { ...qemuUser, uid: 1, gid: 2, groups: [] as number[] };

describe('mode bits', () => {
  test.each([
    ['the owner reads and writes', 0o600, { ...other, uid: 100 }, 6, 'allowed'],
    ['the owner only reads', 0o400, { ...other, uid: 100 }, 6, 'denied'],
    ['the owner’s bits bind the owner, whatever others may', 0o066, { ...other, uid: 100 }, 6, 'denied'],
    ['a member of the group: a list could say otherwise', 0o660, { ...other, gid: 200 }, 6, 'undecided'],
    ['anybody: a list could say otherwise', 0o666, other, 6, 'undecided'],
    ['nobody but the owner: no list can give more than the group bits', 0o600, other, 6, 'denied'],
    ['group and others may only read', 0o644, other, 6, 'denied'],
    ['group and others may only read, and reading is all', 0o644, other, 4, 'undecided'],
    ['search', 0o711, other, 1, 'undecided'],
    ['uid 0 without capabilities is an ordinary user', 0o660, { ...other, uid: 0, gid: 0 }, 6, 'undecided'],
    ['uid 0 without capabilities, nothing for others', 0o600, { ...other, uid: 0, gid: 0 }, 6, 'denied'],
    ['CAP_DAC_OVERRIDE', 0o000, { ...other, uid: 0, overridesAccess: true }, 6, 'allowed'],
  ])('%s', (_, mode, credentials, wanted, expected) => {
    expect(accessByMode({ mode, ...owner }, credentials, wanted)).toBe(expected);
  });

  test('a disk is wanted for reading and writing, a read-only one for reading', () => {
    expect([wantedBits({ readonly: false }), wantedBits({ readonly: true })]).toEqual([6, 4]);
  });
});

describe('access control lists', () => {
  const list = (...lines: readonly string[]): ReturnType<typeof parseAcl> =>
    parseAcl(`${lines.join('\n')}\n`);

  test('getfacl’s text is read entry by entry, defaults and comments left out', () => {
    expect(
      list(
        'user::rw-',
        'user:9869:rwx',
        'group::r--	#effective:r--',
        'group:6:-wx',
        'mask::rw-',
        'other::---',
        'default:user::rwx',
        '',
      ),
    ).toEqual([
      { tag: 'user', id: undefined, bits: 6 },
      { tag: 'user', id: 9869, bits: 7 },
      { tag: 'group', id: undefined, bits: 4 },
      { tag: 'group', id: 6, bits: 3 },
      { tag: 'mask', id: undefined, bits: 6 },
      { tag: 'other', id: undefined, bits: 0 },
    ]);
  });

  test.each<[string, string[], Partial<typeof qemuUser>, number, boolean]>([
    ['a named user', ['user::rw-', 'user:1:rw-', 'group::---', 'mask::rw-', 'other::---'], {}, 6, true],
    [
      'a named user behind the mask',
      ['user::rw-', 'user:1:rw-', 'group::---', 'mask::r--', 'other::rw-'],
      {},
      6,
      false,
    ],
    [
      'a named user that may less than others',
      ['user::rw-', 'user:1:---', 'group::rw-', 'mask::rw-', 'other::rw-'],
      {},
      4,
      false,
    ],
    [
      'a named group',
      ['user::rw-', 'group::---', 'group:7:rw-', 'mask::rw-', 'other::---'],
      { groups: [7] },
      6,
      true,
    ],
    [
      'a named group behind the mask',
      ['user::rw-', 'group::---', 'group:7:rw-', 'mask::r--', 'other::---'],
      { groups: [7] },
      6,
      false,
    ],
    [
      'one of several groups is enough',
      ['user::rw-', 'group::---', 'group:7:rw-', 'mask::rw-', 'other::---'],
      { gid: 200, groups: [7] },
      6,
      true,
    ],
    [
      'rights of two groups do not add up',
      ['user::rw-', 'group::r--', 'group:7:-w-', 'mask::rw-', 'other::---'],
      { gid: 200, groups: [7] },
      6,
      false,
    ],
    [
      'a group that may not, though others may',
      ['user::rw-', 'group::---', 'other::rw-'],
      { gid: 200 },
      6,
      false,
    ],
    [
      'the owner, whom no mask binds',
      ['user::rw-', 'group::---', 'mask::---', 'other::---'],
      { uid: 100 },
      6,
      true,
    ],
    ['others, whom no mask binds', ['user::rw-', 'group::---', 'mask::---', 'other::rw-'], {}, 6, true],
    [
      'an empty mask, so that the list is not looked at: others',
      ['user::rw-', 'user:1:---', 'group::---', 'mask::---', 'other::rw-'],
      {},
      6,
      true,
    ],
    [
      'an empty mask, so that the list is not looked at: the group',
      ['user::rw-', 'group::---', 'mask::---', 'other::rw-'],
      { groups: [200] },
      6,
      false,
    ],
    ['a minimal list', ['user::rw-', 'group::rw-', 'other::---'], {}, 6, false],
    ['an empty list', [], {}, 4, false],
    ['CAP_DAC_OVERRIDE', [], { overridesAccess: true }, 6, true],
  ])('%s', (_, lines, credentials, wanted, expected) => {
    expect(accessByAcl(list(...lines), owner, { ...other, ...credentials }, wanted)).toBe(expected);
  });

  test('a decision by mode alone is never another than that by the minimal list of the same mode', () => {
    const bits = (value: number): string =>
      [4, 2, 1].map((bit, index) => ((value & bit) === 0 ? '-' : ('rwx'[index] ?? ''))).join('');
    const id = fc.constantFrom(1, 2, 100, 200);
    fc.assert(
      fc.property(
        fc.nat(0o777),
        id,
        id,
        fc.array(id),
        fc.constantFrom(1, 4, 6),
        (mode, uid, gid, groups, wanted) => {
          const credentials = { uid, gid, groups, overridesAccess: false };
          const byMode = accessByMode({ mode, ...owner }, credentials, wanted);
          const acl = list(
            `user::${bits(mode >> 6)}`,
            `group::${bits((mode >> 3) & 7)}`,
            `other::${bits(mode & 7)}`,
          );
          fc.pre(byMode !== 'undecided');
          expect(accessByAcl(acl, owner, credentials, wanted)).toBe(byMode === 'allowed');
        },
      ),
    );
  });
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
