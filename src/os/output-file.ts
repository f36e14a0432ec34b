import { errorName, GuardError } from '../core/errors';
import { remedyOf } from '../core/remedy-of';
import { exchange } from './fresh-file';

/**
 * Writes a file that others read: node_exporter reads whenever it wants. It takes every *.prom of its directory; what is
 * not whole yet is called otherwise.
 * @throws GuardError
 */
export function writeWhole(file: string, text: string): void {
  try {
    exchange(file, text, 0o644);
  } catch (error) {
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
