import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { parseMounts, submountOfDev } from '../../../src/core/mounts';

const real = readFileSync(join(__dirname, '../fixtures/mountinfo-qemu'), 'utf8');

describe('mountinfo', () => {
  test('of a QEMU that libvirt started', () => {
    const mounts = parseMounts(real);
    expect(mounts).toHaveLength(real.trimEnd().split('\n').length);
    expect(mounts.at(-1)).toEqual({
      id: 97,
      path: '/dev',
      options: ['rw', 'nosuid', 'relatime'],
      fileSystem: 'tmpfs',
    });
  });

  test.each([
    ['36 35 98:0 /a /mnt/x\\040y rw,nodev - ext4 /dev/root rw', '/mnt/x y'],
    ['36 35 98:0 /a /mnt/x\\134\\011\\012 rw shared:1 master:2 - ext4 /dev/root rw', '/mnt/x\\\t\n'],
    ['36 35 98:0 /a /mnt/日 rw - ext4 /dev/root rw', '/mnt/日'],
  ])('%j', (line, path) => {
    expect(parseMounts(`${line}\n`)).toEqual([
      { id: 36, path, options: line.split(' ')[5]?.split(','), fileSystem: 'ext4' },
    ]);
  });

  test('nonsense is left out, and throws nothing', () => {
    expect(parseMounts('\n36 35 98:0\n - \n')).toEqual([]);
    fc.assert(fc.property(fc.string(), (text) => Array.isArray(parseMounts(text))));
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
