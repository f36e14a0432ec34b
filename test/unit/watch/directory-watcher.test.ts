import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolvePath } from '../../../src/file-tree/model/walk';
import { FileTree } from '../../../src/file-tree/tree';
import { DirectoryWatcher } from '../../../src/watch/io/directory-watcher';
import { PathUsers } from '../../../src/watch/model/path-users';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'watched-'));
});
afterEach(() => rmSync(root, { recursive: true }));

test('where the kernel takes no more watches the other directories are polled, and it is said', async () => {
  for (const name of ['first', 'second']) mkdirSync(join(root, name));
  symlinkSync('../second/disk', join(root, 'first/link'));
  writeFileSync(join(root, 'second/disk'), '');
  const link = join(root, 'first/link');
  const disk = join(root, 'second/disk');
  const users = new PathUsers();
  const tree = FileTree.open('/');
  users.set('one-1', [resolvePath(tree.look, link)]);
  tree.close();
  const changed: string[] = [];
  const watcher = new DirectoryWatcher(users, (element) => changed.push(element), 1);
  try {
    watcher.set([join(root, 'first'), join(root, 'second')]);
    expect(watcher.counts()).toEqual({ events: 1, polled: 1, rounds: 0, full: true });
    const polled = async (): Promise<void> => {
      await watcher.poll('polled');
      await watcher.poll('polled-often');
    };
    await polled();
    rmSync(disk);
    await polled();
    expect(changed).toContain(disk);
    watcher.set([join(root, 'second')]);
    expect(watcher.counts().full).toBe(false);
  } finally {
    watcher.close();
  }
});
