import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from '../../fast-check';
import {
  mountTable,
  parseMounts,
  sharedPaths,
  submountOfDev,
  type MountTable,
} from '../../../src/core/mounts';

const real = readFileSync(join(__dirname, '../fixtures/mountinfo-qemu'), 'utf8');

describe('mountinfo', () => {
  test('of a QEMU that libvirt started', () => {
    const mounts = parseMounts(real);
    expect(mounts).toHaveLength(real.trimEnd().split('\n').length);
    expect(mounts.at(-1)).toEqual({
      id: 97,
      parent: 59,
      device: '0:45',
      root: '/',
      path: '/dev',
      options: ['rw', 'nosuid', 'relatime'],
      isReadOnly: false,
      fileSystem: 'tmpfs',
    });
  });

  test.each([
    ['36 35 98:0 /a /mnt/x\\040y rw,nodev - ext4 /dev/root rw', '/mnt/x y'],
    ['36 35 98:0 /a /mnt/x\\134\\011\\012 rw shared:1 master:2 - ext4 /dev/root rw', '/mnt/x\\\t\n'],
    ['36 35 98:0 /a /mnt/日 rw - ext4 /dev/root rw', '/mnt/日'],
  ])('%j', (line, path) => {
    expect(parseMounts(`${line}\n`)).toEqual([
      {
        id: 36,
        parent: 35,
        device: '98:0',
        root: '/a',
        path,
        options: line.split(' ')[5]?.split(','),
        isReadOnly: false,
        fileSystem: 'ext4',
      },
    ]);
  });

  test.each([
    ['rw,nodev', 'rw,errors=remount-ro', false],
    ['ro,nodev', 'rw', true],
    ['rw', 'ro,errors=remount-ro', true],
    ['ro', 'ro', true],
  ])('a mount with %s of a file system with %s: read-only is %p', (options, ofAll, expected) => {
    const [mount] = parseMounts(`36 35 98:0 / /mnt ${options} shared:1 - ext4 /dev/x ${ofAll}\n`);
    expect(mount?.isReadOnly).toBe(expected);
  });

  test('nonsense is left out, and throws nothing', () => {
    expect(parseMounts('\n36 35 98:0\n - \nx 35 98:0 / /mnt rw - ext4 x rw\n')).toEqual([]);
    fc.assert(fc.property(fc.string(), (text) => Array.isArray(parseMounts(text))));
  });
});

describe('paths that lead to the same entry in two namespaces', () => {
  /** `path device` of each mount, the first one at `/`; each lies on the last one above it. */
  const tableOf = (...lines: readonly string[]): MountTable => {
    const ids = new Map<string, number>();
    const text = lines.map((line, index) => {
      const [path = '', device = '', root = '/', options = 'rw'] = line.split(' ');
      const above = path.split('/').map((_, depth, names) => names.slice(0, depth).join('/') || '/');
      const parent =
        path === '/' ? 0 : above.map((point) => ids.get(point)).findLast((id) => id !== undefined);
      ids.set(path, index + 100);
      return `${index + 100} ${parent ?? 0} ${device} ${root} ${path} ${options} - tmpfs tmpfs rw\n`;
    });
    return mountTable(parseMounts(text.join('')));
  };
  const host = ['/ 8:1', '/dev 0:5', '/srv 0:40', '/srv/images 0:41 /a', '/dev/shm 0:6'];
  const shared = (namespace: readonly string[]): string[] => {
    const isShared = sharedPaths(tableOf(...host), tableOf(...namespace));
    return ['/', '/var/x', '/dev', '/dev/x', '/device', '/srv/x', '/srv/images/x', '/srv/imagesX'].filter(
      isShared,
    );
  };
  const own = (...lines: readonly string[]): string[] => ['/ 8:1', '/dev 0:60', ...lines];
  const plain = ['/', '/var/x', '/device'];

  test.each([
    [
      'the same mounts but /dev',
      own('/srv 0:40', '/srv/images 0:41 /a'),
      [...plain, '/srv/x', '/srv/images/x', '/srv/imagesX'],
    ],
    [
      'in another order',
      ['/ 8:1', '/srv 0:40', '/dev 0:60', '/srv/images 0:41 /a'],
      [...plain, '/srv/x', '/srv/images/x', '/srv/imagesX'],
    ],
    ['a mount less', own('/srv 0:40'), [...plain, '/srv/x', '/srv/imagesX']],
    [
      'a mount more',
      own('/srv 0:40', '/srv/images 0:41 /a', '/var 0:9'),
      ['/', '/device', '/srv/x', '/srv/images/x', '/srv/imagesX'],
    ],
    ['another file system', own('/srv 0:99', '/srv/images 0:41 /a'), plain],
    [
      'another directory of it',
      own('/srv 0:40', '/srv/images 0:41 /b'),
      [...plain, '/srv/x', '/srv/imagesX'],
    ],
    ['other options', own('/srv 0:40', '/srv/images 0:41 /a ro'), [...plain, '/srv/x', '/srv/imagesX']],
    [
      'one mount over the other',
      own('/srv/images 0:41 /a', '/srv 0:40'),
      [...plain, '/srv/x', '/srv/imagesX'],
    ],
    ['two mounts at one path', own('/srv 0:40', '/srv 0:40', '/srv/images 0:41 /a'), plain],
    ['another root', ['/ 8:2', '/srv 0:40', '/srv/images 0:41 /a'], []],
    ['a root that is no mount', ['/srv 0:40'], []],
    ['nothing', [], []],
  ])('%s', (_, namespace, expected) => {
    expect(shared(namespace)).toEqual(expected);
  });

  test('two mounts at one path on both sides', () => {
    const twice = tableOf('/ 8:1', '/srv 0:40', '/srv 0:40');
    expect(sharedPaths(twice, twice)('/srv/x')).toBe(false);
  });
});

describe('the mount below /dev in which a path lies', () => {
  const mounts = parseMounts(real);

  test.each([
    ['/dev/pts/0', '/dev/pts'],
    ['/dev/shm', '/dev/shm'],
    ['/dev/shmoo', undefined],
    ['/dev/sp-3', undefined],
    ['/dev', undefined],
    ['/run/x', undefined],
  ])('%s: %p', (path, expected) => {
    expect(submountOfDev(mounts, path)?.path).toBe(expected);
  });
});
