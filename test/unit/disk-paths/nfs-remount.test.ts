import { diskDevice } from '../../../src/disk-paths/checks/disk-device';
import { diskOpen } from '../../../src/disk-paths/checks/disk-open';
import type { FileEntry } from '../../../src/file-tree/model/entry';
import type { Mount } from '../../../src/file-tree/model/mounts';
import { aFile, domainFacts, mountAt, qemuMounts, sourceFacts, viewOf } from '../../support/factories';

const directory = '/var/lib/one/datastores/0';
const nfs = (device: string, id: number, changes: Partial<Mount> = {}): Mount =>
  mountAt(directory, {
    id,
    parent: id - 1,
    device,
    fileSystem: 'nfs4',
    server: '10.0.0.5',
    source: 'nas:/one',
    ...changes,
  });
const earlier = nfs('0:50', 10);
const later = nfs('0:51', 11);

/** What the checks find where the path leads to inode 7 of the later mount. */
function inspect(held: FileEntry, ...mounts: readonly Mount[]): string[] {
  const path = `${directory}/310/disk.0`;
  const view = viewOf({ [path]: aFile('7', '0:51') });
  const opened = { kind: 'opened', entry: aFile('7', '0:51') } as const;
  const source = sourceFacts({ source: { path, type: 'file' }, hostView: view, qemuView: view, opened });
  const facts = domainFacts({ sources: [source], open: [held], mounts: [...qemuMounts, ...mounts] });
  return [diskDevice, diskOpen].flatMap(({ inspect: look }) =>
    look(facts).map(({ state, note, what }) => `${state}${note ? ', note' : ''}: ${what}`),
  );
}

describe('a file that QEMU holds by an earlier NFS mount (NFS that was mounted again)', () => {
  test('of the same directory of the same server: a note, and opening it is no other volume', () => {
    expect(inspect(aFile('7', '0:50'), earlier, later)).toEqual([
      'ok, note: the path leads to the file that QEMU holds, by another mount of the same NFS directory: file 0:51 inode 7, held as file 0:50 inode 7',
      'ok: another process opened it inside the namespace as QEMU (uid 9869, gid 9869)',
    ]);
  });

  test.each<[string, FileEntry, ...Mount[]]>([
    ['another inode', aFile('8', '0:50'), earlier, later],
    [
      'a file that was deleted',
      { ...aFile('7', '0:50'), deleted: { path: '/x', descriptor: 3 } },
      earlier,
      later,
    ],
    ['a mount that was detached', aFile('7', '0:50'), later],
    ['another server', aFile('7', '0:50'), { ...earlier, source: 'other:/one' }, later],
    ['a server that was replaced', aFile('7', '0:50'), { ...earlier, server: '10.0.0.6' }, later],
    ['another directory of the server', aFile('7', '0:50'), { ...earlier, root: '/sub' }, later],
    [
      'a local file system',
      aFile('7', '0:50'),
      mountAt(directory, { id: 10, parent: 9, device: '0:50', fileSystem: 'ext4' }),
      later,
    ],
    [
      'two local file systems',
      aFile('7', '0:50'),
      ...['0:50', '0:51'].map((device) => mountAt(directory, { device, fileSystem: 'ext4' })),
    ],
    ['mounts of it that differ', aFile('7', '0:50'), earlier, nfs('0:50', 12, { root: '/sub' }), later],
  ])('%s: a problem', (_, held, ...mounts) => {
    expect(inspect(held, ...mounts)).toEqual([
      expect.stringMatching(/^problem: the path leads to file 0:51 inode 7/),
      expect.stringMatching(/^problem: opening it inside the namespace leads to/),
    ]);
  });
});
