import { isUnknown, type Unknown } from '../core/facts';
import { findAccount } from './account';
import { run } from './command';
import type { Argv } from './virsh-and-ssh';

/** Of env(1) and of the kernel: there is no such program. */
const notFound = 127;

/**
 * Asks OpenNebula's own command line, as the user who may see everything; `deadline` is in milliseconds. Not as that
 * user's login: the PATH stays, and HOME is where the credentials lie (oca/ruby/opennebula/client.rb).
 */
export async function askOpenNebula(words: Argv, user: string, deadline: number): Promise<string | Unknown> {
  const [command] = words;
  const argv = asUserOfOpenNebula(words, user);
  if (isUnknown(argv)) return argv;
  // Ruby takes what is not ASCII for an error in the locale C.
  const env = { LC_ALL: 'C.UTF-8' };
  const { exit, stdout, stderr, timedOut, missing } = await run(argv, { deadline, cwd: '/', env });
  if (exit === 0) return stdout;
  if (timedOut) return { unknown: `${words.join(' ')} did not answer within ${deadline / 1000} s` };
  if (missing || exit === notFound)
    return { unknown: `${command} is not installed here: this is no front-end` };
  const said = (stderr.trim() || stdout.trim()).split('\n').at(-1);
  return { unknown: `${words.join(' ')}: ${said || `it ended with ${exit ?? 'a signal'}`}` };
}

function asUserOfOpenNebula(words: Argv, user: string): Argv | Unknown {
  if (process.geteuid?.() !== 0) return words;
  const account = findAccount(user);
  if (!account) return { unknown: `there is no user ${user} here: this is no front-end` };
  return ['runuser', '-u', user, '--', 'env', `HOME=${account.home}`, ...words];
}
