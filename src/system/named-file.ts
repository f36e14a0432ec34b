import { readFileSync } from 'node:fs';
import { errorName, GuardError } from '../core/errors';
import type { ExitCode } from '../core/exit-codes';

/**
 * The text of a file that somebody named to us.
 * @param called how the error calls it: `the map /tmp/map`
 * @throws GuardError with that remedy, for a file that cannot be read
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
    throw new GuardError(code, `${called} cannot be read: ${errorName(error)}`, remedy);
  }
}
