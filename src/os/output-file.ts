import { errorName } from '../core/error-name';
import { GuardError } from '../core/errors';
import { remedyOf } from '../core/remedy-of';
import { message, textOf } from '../messages';
import { replaceFile } from './atomic-file';

/**
 * Writes a file for other programs, which may read it at any time: they see the old one or the new one. node_exporter
 * reads every *.prom of its directory, so the unfinished file has another name.
 * @throws GuardError
 */
export function writeWhole(file: string, text: string): void {
  try {
    replaceFile(file, text, 0o644);
  } catch (error) {
    const another = textOf('name-writable-directory');
    const { remedy: otherwise, ...reason } = message('file-not-written', { file, error: errorName(error) });
    const remedy = remedyOf(error, file, {
      EACCES: another,
      EPERM: another,
      EROFS: another,
      otherwise,
    });
    throw new GuardError('undecided', { ...reason, remedy }, undefined, { cause: error });
  }
}
