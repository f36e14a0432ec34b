import { fstatSync, lstatSync, readFileSync, type Stats } from 'node:fs';
import { errorName } from '../../core/errors';
import type { FileState } from '../model/manifest';
import { remedyOf } from '../../core/remedy-of';
import { plainly, withFile } from '../../os/open-file';
import { sha256 } from '../../os/sha256';

/** Looks at one path. No link is followed at its end, and nothing is opened that is no plain file. */
export function lookAt(path: string): FileState {
  try {
    const stat = lstatSync(path);
    if (stat.isDirectory()) return { is: 'directory', ...permissionsOf(stat) };
    return stat.isFile() ? withFile(path, plainly, describe) : { is: 'something else' };
  } catch (error) {
    const name = errorName(error);
    if (name === 'ENOENT' || name === 'ENOTDIR') return { is: 'missing' };
    return { unknown: name, remedy: remedyOf(error, path, { otherwise: `look at it: ls -ld ${path}` }) };
  }
}

function describe(descriptor: number): FileState {
  const stat = fstatSync(descriptor);
  if (!stat.isFile()) return { is: 'something else' };
  return { is: 'file', ...permissionsOf(stat), sha256: sha256(readFileSync(descriptor)) };
}

function permissionsOf({ mode, uid, gid }: Stats): { readonly mode: string; readonly owner: string } {
  return { mode: (mode & 0o7777).toString(8), owner: `${uid}:${gid}` };
}
