import { DestinationSession } from '../system/destination-session';
import { validateHost } from '../system/host-name';
import { readSettings } from '../system/settings-file';
import { parseCommandLine } from './command-line';
import { migrateLine } from './verbs/migrate-line';

/**
 * Begins the ssh connection of a `migrate` before the program that needs it is loaded: of all that comes before the
 * mover it takes longest. `undefined` for any other line, and for what that program will complain of.
 */
export async function callAhead(argv: readonly string[]): Promise<DestinationSession | undefined> {
  const line = parseCommandLine(argv, [migrateLine])?.line;
  // With `verbose` that program shall do it, and say so.
  if (!line || line.flag('verbose')) return undefined;
  try {
    const { ssh } = await readSettings(line.value('config'));
    return DestinationSession.open(validateHost(line.words[1] ?? ''), ssh.user, ssh.deadline);
  } catch {
    return undefined;
  }
}
