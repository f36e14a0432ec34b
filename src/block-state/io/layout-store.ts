import { fchmodSync, fstatSync, fsyncSync, lstatSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errorName } from '../../core/error-name';
import { GuardError } from '../../core/errors';
import { isBuildId, parseLayout, type Layout } from '../model/memory-layout';
import { codeOf, remedyOf } from '../../core/remedy-of';
import { isUnknown, type Unknown } from '../../core/unknown';
import { message, textOf } from '../../messages';
import { replaceFile } from '../../os/atomic-file';
import { plainly, withFile } from '../../os/open-file';

/** A layout is some 2 KiB. */
const maxFileBytes = 64 * 1024;

export function layoutFile(directory: string, buildId: string): string {
  return join(directory, `${buildId}.json`);
}

/**
 * Reads the layout of a build. Root writes into a process by these numbers: so the file, its directory and all above it
 * must belong to root (or this user), and no other user may write there.
 */
export function loadLayout(directory: string, buildId: string): Layout | Unknown | undefined {
  if (!isBuildId(buildId)) return { unknown: textOf('build-id-malformed') };
  const file = layoutFile(directory, buildId);
  const read = (descriptor: number): Layout | Unknown => {
    const refused = refuseDirectory(directory);
    if (refused !== undefined) return { unknown: refused };
    const stat = fstatSync(descriptor);
    if (!stat.isFile() || stat.size > maxFileBytes) return refuse(file, textOf('not-a-layout-file'));
    if (!isOwn(stat)) return refuse(file, textOf('others-could-write'));
    const layout = parseLayout(readFileSync(descriptor, 'utf8'));
    if (isUnknown(layout)) return refuse(file, layout.unknown);
    return layout.buildId === buildId ? layout : refuse(file, textOf('of-another-build'));
  };
  try {
    return withFile(file, plainly, read);
  } catch (error) {
    if (errorName(error) === 'ENOENT') return undefined;
    return { unknown: textOf('file-not-read', { file, error: errorName(error) }) };
  }
}

function refuse(file: string, problem: string): Unknown {
  return { unknown: textOf('layout-refused', { file, problem }) };
}

/** Stores a layout so that a reader sees the old file, or the whole new one. @throws GuardError */
export function storeLayout(directory: string, layout: Layout): string {
  const file = layoutFile(directory, layout.buildId);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o755 });
    const refused = refuseDirectory(directory);
    if (refused !== undefined)
      throw new GuardError('notPermitted', { what: refused, remedy: textOf('give-to-root') });
    replaceFile(file, `${JSON.stringify(layout, null, 2)}\n`, 0o644, (descriptor) => {
      fchmodSync(descriptor, 0o644);
      fsyncSync(descriptor);
    });
    return file;
  } catch (error) {
    if (error instanceof GuardError) throw error;
    const remedy = remedyOf(error, directory, { otherwise: textOf('see-layout-directory', { directory }) });
    const notWritten = message('layout-not-written', { file, error: errorName(error) });
    throw new GuardError(codeOf(error), { ...notWritten, remedy }, undefined, { cause: error });
  }
}

/** A user who can write a directory above it could replace everything below. */
function refuseDirectory(directory: string): string | undefined {
  for (let path = directory; ; path = dirname(path)) {
    let stat;
    try {
      stat = lstatSync(path);
    } catch (error) {
      return textOf('file-not-read', { file: path, error: errorName(error) });
    }
    if (!stat.isDirectory())
      return textOf('layout-refused', { file: path, problem: textOf('not-a-layout-directory') });
    // In a sticky directory such as /tmp a user cannot rename what belongs to another.
    if (!isOwn(stat) && !(path !== directory && stat.uid === 0 && (stat.mode & 0o1000) !== 0)) {
      return textOf('layout-refused', { file: path, problem: textOf('others-can-write') });
    }
    if (path === dirname(path)) return undefined;
  }
}

function isOwn({ uid, mode }: { readonly uid: number; readonly mode: number }): boolean {
  return (uid === 0 || uid === process.geteuid?.()) && (mode & 0o022) === 0;
}
