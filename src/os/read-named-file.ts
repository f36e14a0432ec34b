import { readFileSync } from 'node:fs';
import { errorName } from '../core/error-name';
import { GuardError } from '../core/errors';
import type { ExitCode } from '../core/exit-codes';
import { remedyOf } from '../core/remedy-of';
import { message } from '../messages';

/**
 * The text of a file that was named on the command line or in the configuration.
 * @param called how the error calls it: `the map /tmp/map`
 * @throws GuardError for a file that cannot be read; with that remedy where the file is missing
 */
export function readNamedFile(
  file: string,
  called: string,
  remedy: string,
  code: ExitCode = 'usage',
): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reason = message('file-not-read', { file: called, error: errorName(error) });
    throw new GuardError(code, { ...reason, remedy: remedyOf(error, file, { otherwise: remedy }) });
  }
}
