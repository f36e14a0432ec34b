import { completionScript } from './complete';
import { manPage } from './man-page';
import { verbs } from './verbs';
import { versionNumber } from './version';

/** What the build makes of the table of verbs, by its path in dist/. `date`: of the release, as YYYY-MM-DD. */
export async function reference(date: string): Promise<Readonly<Record<string, string>>> {
  return {
    'man/migrate-guard.1': manPage(verbs, versionNumber, date),
    'completion/migrate-guard.bash': `${await completionScript('bash')}\n`,
  };
}
