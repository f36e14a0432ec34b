import fc from '../../support/seeded-fast-check';
import { avoided, isPathAnswer } from '../../../src/file-tree/model/path-question';
import { resolvePath } from '../../../src/file-tree/model/walk';
import { storpoolView } from '../../support/factories';

const answer = { resolved: resolvePath(storpoolView(), '/dev/sp-3') };

describe('a child’s answer', () => {
  test('is accepted as it comes through JSON', () => {
    expect(isPathAnswer(JSON.parse(JSON.stringify(answer)))).toBe(true);
  });

  test.each<[string, unknown]>([
    ['nothing', null],
    ['a word', 'safe'],
    ['a list', []],
    ['an object without a resolved path', { access: 'ok' }],
    ['a resolved path without an end', { resolved: { path: '/x', hops: [] } }],
    ['an end without a path', { resolved: { path: '/x', hops: [], end: { kind: 'missing' } } }],
    ['an end at nothing', { resolved: { path: '/x', hops: [], end: { kind: 'found', path: '/x' } } }],
    ['hops that are no list', { resolved: { ...answer.resolved, hops: 'x' } }],
    ['a hop without an entry', { resolved: { ...answer.resolved, hops: [{ path: '/x' }] } }],
  ])('is not accepted: %s', (_, value) => {
    expect(isPathAnswer(value)).toBe(false);
  });

  test('is validated without an exception, whatever it is', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => typeof isPathAnswer(value) === 'boolean'));
  });
});

test.each([
  ['/mnt/dead', true],
  ['/mnt/dead/disk', true],
  ['/mnt/deadline', false],
  ['/mnt', false],
])('storage at /mnt/dead that did not answer prevents %s: %p', (path, expected) => {
  expect(avoided([{ path: '/mnt/dead', why: 'it hangs' }], path) !== undefined).toBe(expected);
});
