import { fchmodSync, fstatSync, fsyncSync, lstatSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errorName, GuardError } from '../../core/errors';
import { isBuildId, parseLayout, type Layout } from '../model/memory-layout';
import { codeOf, remedyOf } from '../../core/remedy-of';
import { isUnknown, type Unknown } from '../../core/unknown';
import { exchange } from '../../os/fresh-file';
import { plainly, withFile } from '../../os/open-file';

/** A layout is some 2 KiB. */
const maxFileBytes = 64 * 1024;

export function layoutFile(directory: string, buildId: string): string {
  return join(directory, `${buildId}.json`);
}

/**
 * Reads the layout of a build. By these numbers root writes into a process: so the file, its directory and all
 * above it must be root's own (or this user's), and no one else may write there.
 */
export function loadLayout(directory: string, buildId: string): Layout | Unknown | undefined {
  if (!isBuildId(buildId)) return { unknown: 'the build-id is odd' };
  const file = layoutFile(directory, buildId);
  const read = (descriptor: number): Layout | Unknown => {
    const refused = refuseDirectory(directory);
    if (refused !== undefined) return { unknown: refused };
    const stat = fstatSync(descriptor);
    if (!stat.isFile() || stat.size > maxFileBytes)
      return { unknown: `${file} is refused: it is no layout file` };
    if (!isOwn(stat)) return { unknown: `${file} is refused: others than root could have written it` };
    const layout = parseLayout(readFileSync(descriptor, 'utf8'));
    if (isUnknown(layout)) return { unknown: `${file} is refused: ${layout.unknown}` };
    if (layout.buildId !== buildId) return { unknown: `${file} is refused: it is of another build` };
    return layout;
  };
  try {
    return withFile(file, plainly, read);
  } catch (error) {
    return errorName(error) === 'ENOENT'
      ? undefined
      : { unknown: `${file} cannot be read: ${errorName(error)}` };
  }
}

/** Stores a layout so that a reader sees the old file, or the whole new one. @throws GuardError */
export function storeLayout(directory: string, layout: Layout): string {
  const file = layoutFile(directory, layout.buildId);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o755 });
    const refused = refuseDirectory(directory);
    if (refused !== undefined)
      throw new GuardError('notPermitted', refused, 'give it to root, with mode 0755');
    exchange(file, `${JSON.stringify(layout, null, 2)}\n`, 0o644, (descriptor) => {
      fchmodSync(descriptor, 0o644);
      fsyncSync(descriptor);
    });
    return file;
  } catch (error) {
    if (error instanceof GuardError) throw error;
    const remedy = remedyOf(error, directory, { otherwise: `see what stands there: namei -l ${directory}` });
    throw new GuardError(codeOf(error), `${file} cannot be written: ${errorName(error)}`, remedy, {
      cause: error,
    });
  }
}

/** Who may write any directory on the way could put another in its place. */
function refuseDirectory(directory: string): string | undefined {
  for (let path = directory; ; path = dirname(path)) {
    let stat;
    try {
      stat = lstatSync(path);
    } catch (error) {
      return `${path} cannot be looked at: ${errorName(error)}`;
    }
    if (!stat.isDirectory()) return `${path} is refused: it is no directory`;
    // A sticky directory such as /tmp lets nobody rename what belongs to another.
    if (!isOwn(stat) && !(path !== directory && stat.uid === 0 && (stat.mode & 0o1000) !== 0)) {
      return `${path} is refused: others than root can write it`;
    }
    if (path === dirname(path)) return undefined;
  }
}

function isOwn({ uid, mode }: { readonly uid: number; readonly mode: number }): boolean {
  return (uid === 0 || uid === process.geteuid?.()) && (mode & 0o022) === 0;
}
