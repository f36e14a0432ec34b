import { fstatSync, lstatSync, readFileSync, type Stats } from 'node:fs';
import { errorName } from '../../core/error-name';
import type { FileState } from '../model/manifest';
import { remedyOf } from '../../core/remedy-of';
import { plainly, withFile } from '../../os/open-file';
import { textOf } from '../../messages';
import { sha256 } from '../../os/sha256';

/** The state of one path. The path itself may be a link, which is not followed; only a regular file is opened. */
export function readFileState(path: string): FileState {
  try {
    const stat = lstatSync(path);
    if (stat.isDirectory()) return { is: 'directory', ...permissionsOf(stat) };
    return stat.isFile() ? withFile(path, plainly, describe) : { is: 'something else' };
  } catch (error) {
    const name = errorName(error);
    if (name === 'ENOENT' || name === 'ENOTDIR') return { is: 'missing' };
    return { unknown: name, remedy: remedyOf(error, path, { otherwise: textOf('look-at-path', { path }) }) };
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
