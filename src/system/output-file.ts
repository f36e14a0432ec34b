import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { errorName, GuardError } from '../core/errors';
import { remedyOf } from '../core/remedy-of';
import { freshName } from './fresh-file';

/**
 * Writes a file that others read, so that they see the old one or the whole new one: node_exporter reads whenever it
 * wants. The new one is made under a name that was not there before, so no link leads the writing elsewhere.
 * @throws GuardError
 */
export function writeWhole(file: string, text: string): void {
  // node_exporter takes every *.prom of its directory; this is none.
  const fresh = freshName(file);
  try {
    writeFileSync(fresh, text, { flag: 'wx', mode: 0o644 });
    renameSync(fresh, file);
  } catch (error) {
    rmSync(fresh, { force: true });
    const another = 'name a file in a directory that you may write to';
    const remedy = remedyOf(error, file, {
      EACCES: another,
      EPERM: another,
      EROFS: another,
      otherwise: 'name another file',
    });
    throw new GuardError('undecided', `${file} cannot be written: ${errorName(error)}`, remedy, {
      cause: error,
    });
  }
}
