import { readFileSync } from 'node:fs';
import { errorName, GuardError } from '../core/errors';
import type { ExitCode } from '../core/exit-codes';
import { remedyOf } from '../core/remedy-of';

/**
 * The text of a file that somebody named to us.
 * @param called how the error calls it: `the map /tmp/map`
 * @throws GuardError for a file that cannot be read; with that remedy where no such file is there
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
    const what = `${called} cannot be read: ${errorName(error)}`;
    throw new GuardError(code, what, remedyOf(error, file, { otherwise: remedy }));
  }
}
