import { posix } from 'node:path';
import fc from 'fast-check';
import { addDirectories, addEnd, mutate, target, type Mutation } from './lay-out';
import type { Access, Made, MadeTree, Topology } from './made';

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
  { weight: 2, arbitrary: fc.constant('shared') },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      'wrong',
      'character',
      'socket',
      'fifo',
      'file',
      'directory',
      'missing',
      'loop',
      'long-name',
      'beyond',
    ),
  },
);

const access: fc.Arbitrary<Access> = fc.record(
  {
    mode: fc.constantFrom(
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
    uid: fc.constantFrom(0, 9869, 5),
    gid: fc.constantFrom(0, 9869, 36, 5),
    acl: fc.constantFrom('u:9869:rwx', 'u:9869:-', 'g:36:rwx', 'u:9869:rwx,m:r', 'g:36:x'),
  },
  { requiredKeys: ['mode', 'uid', 'gid'] },
);

const mutation: fc.Arbitrary<Mutation> = fc.record({
  /** Which of the entries, counted around. */
  at: fc.nat(1000),
  what: fc.oneof(
    { weight: 6, arbitrary: fc.constant('remove') },
    {
      weight: 3,
      arbitrary: fc.constantFrom('retarget', 'swap', 'file', 'directory', 'plain', 'nodev', 'nosymfollow'),
    },
    { weight: 3, arbitrary: access },
  ),
});

/** Any topology below the directory `base`, which stands in both trees. */
export function topology(base: string): fc.Arbitrary<Topology> {
  return fc
    .record({
      slots: fc.array(hop, { minLength: 1, maxLength: 5 }),
      end,
      selfLinks: fc.oneof(
        { weight: 12, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.integer({ min: 33, max: 42 }) },
      ),
      slashes: fc.oneof(
        { weight: 20, arbitrary: fc.constant(1) },
        { weight: 1, arbitrary: fc.constantFrom(2, 3900, 4095, 4200) },
      ),
      behind: fc.oneof(
        { weight: 20, arbitrary: fc.constant('') },
        { weight: 1, arbitrary: fc.constantFrom('/', '/.', '/..', '/x') },
      ),
      onHost: fc.oneof(
        { weight: 4, arbitrary: fc.constant<Mutation[]>([]) },
        { weight: 1, arbitrary: fc.array(mutation, { maxLength: 1 }) },
      ),
      inQemu: fc.oneof(
        { weight: 1, arbitrary: fc.constant<Mutation[]>([]) },
        { weight: 3, arbitrary: fc.array(mutation, { maxLength: 3 }) },
      ),
    })
    .map(({ slots, end: kind, selfLinks, slashes, behind, onHost, inQemu }) => {
      const made = new Map<string, Made>([[base, { kind: 'directory' }]]);
      const paths = slots.map(({ folders, name }, index) => posix.join(base, ...folders, `${index}`, name));
      for (const path of paths) addDirectories(made, base, path);
      const last = addEnd(made, base, kind, paths[0] ?? base);
      for (const [index, path] of paths.entries()) {
        made.set(path, {
          kind: 'link',
          target: target(made, base, path, paths[index + 1] ?? last, slots[index]?.style ?? '', index),
        });
      }
      if (selfLinks > 0) made.set(`${base}/self`, { kind: 'link', target: '.' });
      const way = `${base}/${'self/'.repeat(selfLinks)}${(paths[0] ?? '').slice(base.length + 1)}`;
      return {
        path: `${'/'.repeat(slashes)}${way.slice(1)}${behind}`,
        host: onHost.reduce<MadeTree>(mutate, made),
        qemu: inQemu.reduce<MadeTree>(mutate, made),
      };
    });
}
