import { posix } from 'node:path';
import fc from '../../../support/seeded-fast-check';
import { addDirectories, addEnd, mutate, target, written, type Mutation } from './materialize';
import { holdings, type Access, type Made, type MadeTree, type Topology } from './topology-spec';

const oddNames = [
  'vol',
  'a b',
  `it's "x"`,
  'new\nline',
  '日本😀',
  '\x1b[31m',
  'back\\slash',
  'n'.repeat(255),
  '-x',
  '...',
  ' ',
  'tab\tend ',
  'e\u0301\u202e',
  '\ufffd',
  '%2f$(x)',
];

const slot = fc.record({
  folders: fc.array(fc.constantFrom('da', 'db', 'dc'), { maxLength: 3 }),
  name: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('one', 'two') },
    { weight: 1, arbitrary: fc.constantFrom(...oddNames) },
  ),
  style: fc.constantFrom(
    'absolute',
    'relative',
    'libvirt',
    'above-root',
    'dotted',
    'doubled',
    'down-and-up',
    'through-link',
    'slash-behind',
  ),
});
const hop = fc.oneof(
  { weight: 9, arbitrary: slot.filter(({ style }) => style !== 'slash-behind') },
  { weight: 1, arbitrary: slot },
);

const end = fc.oneof(
  { weight: 12, arbitrary: fc.constant('right') },
  { weight: 2, arbitrary: fc.constantFrom('shared', 'shared-below-dev') },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      'wrong',
      'twin',
      'character',
      'socket',
      'fifo',
      'file',
      'directory',
      'missing',
      'loop',
      'long-name',
      'longest-name',
      'no-utf-8',
      'beyond',
    ),
  },
);

const who = [0, 9869, 5, 107];
const groups = [0, 9869, 36, 5, 64];
const acl = fc
  .uniqueArray(
    fc.oneof(
      fc
        .tuple(fc.constantFrom(9869, 107, 0, 5), fc.constantFrom('rwx', 'rw', 'r', 'x', '-'))
        .map(([uid, bits]) => `u:${uid}:${bits}`),
      fc
        .tuple(fc.constantFrom(36, 9869, 64, 0), fc.constantFrom('rwx', 'rw', 'x', '-'))
        .map(([gid, bits]) => `g:${gid}:${bits}`),
      fc.constantFrom('m:r', 'm:rw', 'm:rwx', 'm:-'),
    ),
    { minLength: 1, maxLength: 3, selector: (entry) => entry.slice(0, entry.lastIndexOf(':')) },
  )
  .map((entries) => entries.join());

const access: fc.Arbitrary<Access> = fc.record(
  {
    mode: fc.oneof(
      {
        weight: 3,
        arbitrary: fc.constantFrom(
          0o600,
          0o640,
          0o660,
          0o666,
          0o060,
          0o006,
          0o755,
          0o711,
          0o700,
          0o750,
          0o070,
          0o1777,
        ),
      },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 0o7777 }) },
    ),
    uid: fc.constantFrom(...who),
    gid: fc.constantFrom(...groups),
    acl,
  },
  { requiredKeys: ['mode', 'uid', 'gid'] },
);

const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat(1000),
  to: fc.nat(1000),
  what: fc.oneof(
    { weight: 6, arbitrary: fc.constant('remove') },
    { weight: 3, arbitrary: fc.constantFrom('retarget', 'swap', 'twin', 'file', 'directory') },
    { weight: 3, arbitrary: access },
    { weight: 1, arbitrary: fc.record({ mount: fc.constantFrom('plain', 'nodev', 'nosymfollow') }) },
    {
      weight: 2,
      arbitrary: fc.record({
        bind: fc.constantFrom('plain', 'ro', 'nodev', 'nosymfollow'),
        from: fc.constantFrom('itself', 'other', 'shared'),
      }),
    },
  ),
});

/** The depth of the first link below the base: mostly small, sometimes more than one path can express. */
const depth = fc.oneof(
  { weight: 30, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: 12, max: 18 }) },
);

/** Extends a path to this many bytes, about PATH_MAX. */
function filled(path: string, length: number): string {
  return `${'/'.repeat(Math.max(0, length - Buffer.byteLength(path)))}${path}`;
}

/** Any topology below the directory `base`, which exists in both trees. */
export function topology(base: string): fc.Arbitrary<Topology> {
  return fc
    .record({
      slots: fc.array(hop, { minLength: 1, maxLength: 5 }),
      end,
      depth,
      /** Half of the deep directories are reached through a link, which makes the path itself shorter. */
      shortcut: fc.boolean(),
      selfLinks: fc.oneof(
        { weight: 12, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.integer({ min: 33, max: 42 }) },
      ),
      style: fc.oneof(
        { weight: 20, arbitrary: fc.constant('plain') },
        { weight: 3, arbitrary: fc.constantFrom('dotted', 'doubled', 'down-and-up') },
      ),
      length: fc.oneof(
        { weight: 20, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.integer({ min: 4093, max: 4097 }) },
      ),
      behind: fc.oneof(
        { weight: 20, arbitrary: fc.constant('') },
        { weight: 1, arbitrary: fc.constantFrom('/', '//', '/.', '/..', '/x') },
      ),
      user: fc.nat(1000),
      onHost: fc.oneof(
        { weight: 4, arbitrary: fc.constant<Mutation[]>([]) },
        { weight: 1, arbitrary: fc.array(mutation, { maxLength: 1 }) },
      ),
      inQemu: fc.oneof(
        { weight: 1, arbitrary: fc.constant<Mutation[]>([]) },
        { weight: 3, arbitrary: fc.array(mutation, { maxLength: 4 }) },
      ),
      use: fc.oneof(
        { weight: 4, arbitrary: fc.constant({ role: 'disk', holding: 'rw' } as const) },
        {
          weight: 3,
          arbitrary: fc.record({
            role: fc.constant('backing' as const),
            holding: fc.constantFrom(...holdings),
          }),
        },
      ),
    })
    .map((drawn) => {
      const { slots, end: kind, depth, shortcut, selfLinks, style, length, behind } = drawn;
      const { user, onHost, inQemu, use } = drawn;
      const made = new Map<string, Made>([[base, { kind: 'directory' }]]);
      const deep = Array.from({ length: depth }, () => 'd'.repeat(255));
      const paths = slots.map(({ folders, name }, index) =>
        posix.join(base, ...(index === 0 ? deep : []), ...folders, `${index}`, name),
      );
      for (const path of paths) addDirectories(made, base, path);
      const last = addEnd(made, base, kind, paths[0] ?? base);
      for (const [index, path] of paths.entries()) {
        made.set(path, {
          kind: 'link',
          target: target(made, base, path, paths[index + 1] ?? last, slots[index]?.style ?? '', index),
        });
      }
      let first = (paths[0] ?? '').slice(base.length + 1);
      if (shortcut && depth > 0) {
        const connection = deep.slice(0, depth >> 1).join('/');
        made.set(`${base}/deep`, { kind: 'link', target: connection });
        first = `deep${first.slice(connection.length)}`;
      }
      if (selfLinks > 0) made.set(`${base}/self`, { kind: 'link', target: '.' });
      const way = written(`${base}/${'self/'.repeat(selfLinks)}${first}`, style);
      return {
        path: filled(`${way}${behind}`, length),
        user,
        ...use,
        host: onHost.reduce<MadeTree>(mutate, made),
        qemu: inQemu.reduce<MadeTree>(mutate, made),
      };
    });
}
