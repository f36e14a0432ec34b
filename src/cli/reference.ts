import { defaultSettings } from '../core/settings';
import { bashCompletion } from './bash-completion';
import { manPage } from './man-page';
import { verbs } from './verbs';
import { versionNumber } from './version';

/** What the build makes of the table of verbs, by its path in dist/. `date`: of the release, as YYYY-MM-DD. */
export function reference(date: string): Readonly<Record<string, string>> {
  return {
    'man/migrate-guard.1': manPage(verbs, versionNumber, date),
    'completion/migrate-guard.bash': bashCompletion(verbs, defaultSettings.libvirt.stateDirectory),
  };
}
