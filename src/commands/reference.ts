import { commandsPage } from '../cli/commands-page';
import { completionScript } from '../cli/complete';
import { manPage } from '../cli/man-page';
import { messagesPage } from '../cli/messages-page';
import { sections } from '../messages';
import { verbs } from '.';
import { versionNumber } from '../cli/version';

/** The files that the build generates from the table of verbs, by their paths in dist/. `date`: of the release, as YYYY-MM-DD. */
export async function reference(date: string): Promise<Readonly<Record<string, string>>> {
  return {
    'man/migrate-guard.1': manPage(verbs, versionNumber, date),
    // By its path, as /usr/sbin is not in the user's PATH: `sudo migrate-guard` is completed, too.
    'completion/migrate-guard.bash': `${await completionScript('bash', '/usr/sbin/migrate-guard')}\n`,
  };
}

/** The generated documents of this tree, by their paths. */
export function documents(): Readonly<Record<string, string>> {
  return { 'docs/commands.md': commandsPage(verbs), 'docs/messages.md': messagesPage(sections) };
}
