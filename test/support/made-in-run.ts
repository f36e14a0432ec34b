import { existsSync, mkdirSync, renameSync, rmdirSync } from 'node:fs';
import { errorName } from '../../src/core/error-name';
import { until } from '../lab/harness/until';

/**
 * A directory in the run's own temporary one, which the first test file that needs it makes, and the others wait for.
 * Nobody may write to it.
 */
export async function madeInRun(directory: string, make: (place: string) => Promise<void>): Promise<string> {
  const claim = `${directory}.claim`;
  while (!existsSync(directory)) {
    if (isMade(claim)) {
      try {
        // Another test file may have made it since the question.
        if (existsSync(directory)) continue;
        await make(`${directory}.new`);
        renameSync(`${directory}.new`, directory);
      } finally {
        rmdirSync(claim);
      }
    } else
      await until(() => !existsSync(claim), { what: 'another test file has made it', deadline: 600_000 });
  }
  return directory;
}

/** Whether this process makes the directory, which did not exist. */
function isMade(directory: string): boolean {
  try {
    mkdirSync(directory);
    return true;
  } catch (error) {
    if (errorName(error) === 'EEXIST') return false;
    throw error;
  }
}
