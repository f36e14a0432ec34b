import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync } from 'node:fs';
import type { Standing } from '../core/manifest';
import { errorName } from '../core/errors';
import { remedyOf } from '../core/remedy-of';

/** Looks at one path. No link is followed at its end, and nothing is opened that is no plain file. */
export function lookAt(path: string): Standing {
  try {
    const { isDirectory, isFile, ...common } = describe(lstatSync(path));
    if (isDirectory) return { is: 'directory', ...common };
    if (!isFile) return { is: 'something else' };
    return readFile(path);
  } catch (error) {
    const name = errorName(error);
    if (name === 'ENOENT' || name === 'ENOTDIR') return { is: 'missing' };
    return { unknown: name, remedy: remedyOf(error, path, { otherwise: `look at it: ls -ld ${path}` }) };
  }
}

function readFile(path: string): Standing {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { isFile, mode, owner } = describe(fstatSync(descriptor));
    if (!isFile) return { is: 'something else' };
    return { is: 'file', mode, owner, sha256: sha256(readFileSync(descriptor)) };
  } finally {
    closeSync(descriptor);
  }
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function describe(stat: ReturnType<typeof fstatSync>): {
  readonly isDirectory: boolean;
  readonly isFile: boolean;
  readonly mode: string;
  readonly owner: string;
} {
  return {
    isDirectory: stat.isDirectory(),
    isFile: stat.isFile(),
    mode: (Number(stat.mode) & 0o7777).toString(8),
    owner: `${stat.uid}:${stat.gid}`,
  };
}
