import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from '../../support/seeded-fast-check';
import {
  isDevOfLibvirt,
  isInMemory,
  mountAt,
  parseMounts,
  submountOfDev,
} from '../../../src/file-tree/model/mounts';

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
      source: 'devfs',
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
        source: '/dev/root',
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

  test('invalid lines are ignored, without an exception', () => {
    expect(parseMounts('\n36 35 98:0\n - \nx 35 98:0 / /mnt rw - ext4 x rw\n')).toEqual([]);
    fc.assert(fc.property(fc.string(), (text) => Array.isArray(parseMounts(text))));
  });
});

describe('the mount that contains a path', () => {
  const table = parseMounts(
    [
      '20 1 8:1 / / rw - ext4 /dev/vda1 rw',
      '21 20 0:5 / /dev rw - devtmpfs udev rw',
      // This is over the host's /dev, as with libvirt before 9.0.
      '22 21 0:6 / /dev rw - tmpfs devfs rw',
      '23 20 0:7 / /srv/a rw - nfs server:/a rw',
      // This hides the previous mount.
      '24 20 0:8 / /srv rw - xfs /dev/vdb rw',
      '25 24 0:9 / /srv/b/c rw - fuse.x x rw',
      '',
    ].join('\n'),
  );

  test.each([
    ['/', 20],
    ['/var/lib', 20],
    ['/srvx', 20],
    ['/dev', 22],
    ['/dev/sp-3', 22],
    ['/srv', 24],
    ['/srv/a/disk', 24],
    ['/srv/b', 24],
    ['/srv/b/c', 25],
    ['/srv/b/c/d/e', 25],
    ['/srv/b/cd', 24],
  ])('%s', (path, id) => {
    expect(mountAt(table, path)?.id).toBe(id);
  });

  test('with a root that is its own parent, and with no table at all', () => {
    expect(mountAt(parseMounts('1 1 0:1 / / rw - rootfs rootfs rw\n'), '/x')?.id).toBe(1);
    expect(mountAt([], '/x')).toBeUndefined();
  });

  test('libvirt’s /dev is a tmpfs with the name devfs', () => {
    expect(table.filter(isDevOfLibvirt).map(({ id }) => id)).toEqual([22]);
    expect(
      parseMounts(real)
        .filter(isDevOfLibvirt)
        .map(({ id }) => id),
    ).toEqual([97]);
  });

  test('only file systems in memory are accessed without a child', () => {
    expect(table.filter(isInMemory).map(({ id }) => id)).toEqual([21, 22]);
  });
});

describe('the mount below /dev that contains a path', () => {
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
