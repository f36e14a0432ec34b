import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Tree } from '../harness';

/** A description of the entry at each path; two snapshots of one environment can be compared. */
export type Picture = ReadonlyMap<string, string>;

/** The part of a file's text that is compared; `undefined` if the file is ignored. */
export type Read = (path: string, text: string) => string | undefined;

/** Everything below some directories of a tree, access control lists included. */
export function pictureOf(tree: Tree, directories: readonly string[], read: Read): Picture {
  const picture = new Map<string, string>();
  const look = (path: string): void => {
    const at = tree.path(path);
    const { mode, uid, gid, rdev } = lstatSync(at);
    const words = [mode.toString(8), uid, gid];
    const type = mode & 0o170000;
    if (type === 0o120000) words.push(readlinkSync(at));
    if (type === 0o060000) words.push(rdev);
    if (type === 0o100000) {
      const text = read(path, readFileSync(at, 'utf8'));
      if (text === undefined) return;
      words.push(text);
    }
    picture.set(path, words.join(' '));
    if (type === 0o040000 && path !== '/dev/fd') readdirSync(at).forEach((name) => look(join(path, name)));
  };
  for (const directory of directories) {
    look(directory);
    for (const [path, list] of lists(tree, directory)) {
      const words = picture.get(path);
      if (words !== undefined) picture.set(path, `${words} ${list}`);
    }
  }
  return picture;
}

/** The access control lists of the entries that have one. */
function lists(tree: Tree, directory: string): (readonly [string, string])[] {
  const text = tree.inside('getfacl', '-R', '-P', '-n', '-p', '-s', directory);
  return text
    .split('\n\n')
    .filter((block) => block !== '')
    .map((block) => {
      const [first = '', ...rest] = block.split('\n');
      return [first.replace('# file: ', ''), rest.join(' ')] as const;
    });
}
