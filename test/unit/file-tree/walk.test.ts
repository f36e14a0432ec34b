import type { Entry } from '../../../src/file-tree/model/entry';
import { describeFailure } from '../../../src/file-tree/model/describe-hops';
import { resolvePath, type End } from '../../../src/file-tree/model/walk';
import { aDevice, aDirectory, aFile, aLink, viewOf } from '../../support/factories';

const device = aDevice('252:3');

function endOf(entries: Parameters<typeof viewOf>[0], path: string): End {
  return resolvePath(viewOf(entries), path).end;
}

const found = (path: string): End => ({ kind: 'found', path, entry: device });

describe('a path that leads to a device', () => {
  test.each([
    ['the device itself', { '/dev/sp-3': device }, '/dev/sp-3'],
    ['an absolute link', { '/srv/disk.0': aLink('/dev/sp-3'), '/dev/sp-3': device }, '/srv/disk.0'],
    ['a relative link', { '/dev/byid/a': aLink('../sp-3'), '/dev/sp-3': device }, '/dev/byid/a'],
    ['a link to a directory', { '/srv/byid': aLink('/dev'), '/dev/sp-3': device }, '/srv/byid/sp-3'],
    [
      '.. behind a link goes up from where the link leads',
      { '/srv/x': aLink('/dev/byid'), '/dev/byid': aDirectory(), '/dev/sp-3': device },
      '/srv/x/../sp-3',
    ],
    ['.. at the root stays there', { '/dev/sp-3': device }, '/../../dev/sp-3'],
    ['repeated slashes and dots', { '/dev/sp-3': device }, '//dev/.//./sp-3'],
    ['a relative path starts at the root', { '/dev/sp-3': device }, 'dev/sp-3'],
    [
      'a link that goes up further than there is',
      { '/dev/a': aLink('../../../dev/sp-3'), '/dev/sp-3': device },
      '/dev/a',
    ],
    [
      'names with blanks, quotes, newlines and UTF-8',
      { '/dev/ü "\n\' 日': aLink('sp-3'), '/dev/sp-3': device },
      '/dev/ü "\n\' 日',
    ],
  ])('%s', (_, entries, path) => {
    expect(endOf(entries, path)).toEqual(found('/dev/sp-3'));
  });

  test('every hop is recorded, in the kernel’s order', () => {
    const view = viewOf({
      '/srv/disk.0': aLink('/dev/byid/a'),
      '/dev/byid/a': aLink('../sp-3'),
      '/dev/sp-3': device,
    });
    const { hops } = resolvePath(view, '/srv/disk.0');
    expect(hops.map(({ path, last }) => [path, last])).toEqual([
      ['/srv', false],
      ['/srv/disk.0', true],
      ['/dev', false],
      ['/dev/byid', false],
      ['/dev/byid/a', true],
      ['/dev/sp-3', true],
    ]);
  });

  test('a link with only slashes after it is still the last; with a dot it is not', () => {
    const view = viewOf({ '/a': aLink('/dev'), '/dev': aDirectory() });
    expect(resolvePath(view, '/a//').hops[0]).toMatchObject({ path: '/a', last: true });
    expect(resolvePath(view, '/a/.').hops[0]).toMatchObject({ path: '/a', last: false });
  });
});

describe('a path that leads to a directory', () => {
  test.each([
    ['/dev/', '/dev'],
    ['/dev/byid/..', '/dev'],
    ['/', '/'],
    ['/..', '/'],
    ['/srv/l/', '/dev'],
    ['/srv/l', '/dev'],
  ])('%j ends at %j', (path, end) => {
    const entries = { '/srv/l': aLink('/dev'), '/dev/byid': aDirectory() };
    expect(endOf(entries, path)).toEqual({ kind: 'found', path: end, entry: aDirectory() });
  });

  test('an entry that becomes a link during the walk is unknown', () => {
    let looks = 0;
    const end = resolvePath(
      (path) => (path === '/a' && (looks += 1) > 1 ? aLink('/b') : aDirectory()),
      '/a',
    ).end;
    expect(end).toEqual({ kind: 'unreadable', path: '/a', error: 'changed while it was read' });
  });
});

describe('a path that leads nowhere', () => {
  test.each<[string, Parameters<typeof viewOf>[0], string, End, string]>([
    ['the empty path', {}, '', { kind: 'missing', path: '' }, 'the empty path is missing'],
    [
      'a missing file',
      { '/dev': aDirectory() },
      '/dev/a',
      { kind: 'missing', path: '/dev/a' },
      '/dev/a is missing',
    ],
    [
      'a missing directory',
      { '/dev': aDirectory() },
      '/dev/byid/a',
      { kind: 'missing', path: '/dev/byid' },
      '/dev/byid is missing',
    ],
    [
      'a dangling link',
      { '/srv/a': aLink('/dev/a'), '/dev': aDirectory() },
      '/srv/a',
      { kind: 'missing', path: '/dev/a' },
      '/dev/a is missing',
    ],
    [
      'a file where a directory should be',
      { '/dev/f': aFile('7') },
      '/dev/f/a',
      { kind: 'not-a-directory', path: '/dev/f' },
      '/dev/f is not a directory',
    ],
    [
      'a device with a slash behind',
      { '/dev/d': device },
      '/dev/d/',
      { kind: 'not-a-directory', path: '/dev/d' },
      '/dev/d is not a directory',
    ],
    [
      'a device with a dot behind',
      { '/dev/d': device },
      '/dev/d/.',
      { kind: 'not-a-directory', path: '/dev/d' },
      '/dev/d is not a directory',
    ],
    [
      '.. behind a file',
      { '/dev/d': device },
      '/dev/d/../d',
      { kind: 'not-a-directory', path: '/dev/d' },
      '/dev/d is not a directory',
    ],
    [
      'a link with a slash behind that leads to a device',
      { '/l': aLink('/d'), '/d': device },
      '/l/',
      { kind: 'not-a-directory', path: '/d' },
      '/d is not a directory',
    ],
    [
      'a link to itself',
      { '/dev/l': aLink('l') },
      '/dev/l',
      { kind: 'loop', path: '/dev/l' },
      '/dev/l is one link more than the kernel follows (40), probably a loop',
    ],
    [
      'an unreadable element',
      { '/dev': { kind: 'unreadable', error: 'EACCES' } },
      '/dev/a',
      { kind: 'unreadable', path: '/dev', error: 'EACCES' },
      '/dev cannot be read (EACCES)',
    ],
  ])('%s', (_, entries, path, end, text) => {
    const walked = resolvePath(viewOf(entries), path);
    expect(walked.end).toEqual(end);
    expect(describeFailure(walked)?.what).toBe(text);
  });

  test('a path that has an end has no failure', () => {
    expect(describeFailure(resolvePath(viewOf({ '/d': device }), '/d'))).toBeUndefined();
  });
});

describe('the kernel’s limits', () => {
  const chain = (links: number): Parameters<typeof viewOf>[0] =>
    Object.fromEntries<Entry>([
      ...Array.from({ length: links }, (_, index) => [`/l${index}`, aLink(`l${index + 1}`)] as const),
      [`/l${links}`, device] as const,
    ]);

  test('40 links are followed', () => {
    expect(endOf(chain(40), '/l0')).toEqual(found('/l40'));
  });

  test('41 are not', () => {
    expect(endOf(chain(41), '/l0')).toEqual({ kind: 'loop', path: '/l40' });
  });

  test('links to directories count like all others', () => {
    const entries = { '/dev/self': aLink('.'), '/dev/d': device };
    expect(endOf(entries, `/dev/${'self/'.repeat(40)}d`)).toEqual(found('/dev/d'));
    expect(endOf(entries, `/dev/${'self/'.repeat(41)}d`)).toMatchObject({ kind: 'loop' });
  });

  test.each([
    ['255 bytes', 'a'.repeat(255), 'found'],
    ['256 bytes', 'a'.repeat(256), 'too-long'],
    ['255 bytes in 128 characters', `${'ü'.repeat(127)}a`, 'found'],
    ['256 bytes in 128 characters', 'ü'.repeat(128), 'too-long'],
  ])('a name of %s: %#', (_, name, kind) => {
    expect(endOf({ [`/${name}`]: device }, `/${name}`).kind).toBe(kind);
  });

  test('a link to a name that is too long', () => {
    expect(endOf({ '/l': aLink('x'.repeat(256)) }, '/l')).toEqual({
      kind: 'too-long',
      path: `/${'x'.repeat(256)}`,
    });
  });

  test.each([
    [4095, 'found'],
    [4096, 'too-long'],
  ])('a path of %d bytes: %s', (bytes, kind) => {
    const path = `/${'/'.repeat(bytes - 2)}d`;
    expect(path).toHaveLength(bytes);
    expect(endOf({ '/d': device }, path).kind).toBe(kind);
  });

  test.each([
    [4095, 'found'],
    [4096, 'too-long'],
    [1_000_000, 'too-long'],
  ])('a link whose target is of %d bytes: %s', (bytes, kind) => {
    const target = `${'/'.repeat(bytes - 1)}d`;
    expect(endOf({ '/d': device, '/l': aLink(target) }, '/l').kind).toBe(kind);
  });

  test('a path that is too long is shortened in the message', () => {
    const walked = resolvePath(viewOf({}), `/${'x'.repeat(5000)}`);
    expect(describeFailure(walked)?.what).toBe(`/${'x'.repeat(59)}… is longer than the kernel allows`);
  });
});
