import { commandsPage } from '../cli/commands-page';
import { completionScript } from '../cli/complete';
import { manPage } from '../cli/man-page';
import { messagesPage } from '../cli/messages-page';
import { sections } from '../messages';
import { verbs } from '.';
import { versionNumber } from '../cli/version';

/** What the build makes of the table of verbs, by its path in dist/. `date`: of the release, as YYYY-MM-DD. */
export async function reference(date: string): Promise<Readonly<Record<string, string>>> {
  return {
    'man/migrate-guard.1': manPage(verbs, versionNumber, date),
    // Not by the user's PATH, which has no /usr/sbin: `sudo migrate-guard` is completed, too.
    'completion/migrate-guard.bash': `${await completionScript('bash', '/usr/sbin/migrate-guard')}\n`,
  };
}

/** What is kept in the tree, by its path there. */
export function documents(): Readonly<Record<string, string>> {
  return { 'docs/commands.md': commandsPage(verbs), 'docs/messages.md': messagesPage(sections) };
}
