import { XmlError, type Element } from '../core/element';
import { isUnknown, type Unknown } from '../core/unknown';
import { textOf } from '../messages';
import { findAccount } from '../os/passwd';
import { runCommand } from '../os/run-command';
import { asOtherUser, type Argv, type Command } from '../os/isolated';
import { readXml } from '../os/read-xml';

/** The exit code of env(1) and of the kernel for a program that does not exist. */
const notFoundStatus = 127;
/** runuser(1) prints that and exits with 1, in some releases. */
const cannotExecute = /^runuser: failed to execute .*: No such file or directory$/m;

/**
 * Runs OpenNebula's own command line as the user who may see everything; `deadline` is in milliseconds. It is not
 * that user's login shell: the PATH stays, and HOME is where the credentials are (oca/ruby/opennebula/client.rb).
 */
export async function askOpenNebula(words: Argv, user: string, deadline: number): Promise<string | Unknown> {
  const command = words.join(' ');
  const asked = asUserOfOpenNebula(words, user);
  if (isUnknown(asked)) return asked;
  // Ruby fails on non-ASCII text in the locale C.
  const env = { LC_ALL: 'C.UTF-8' };
  const { exit, stdout, stderr, timedOut, missing } = await runCommand(asked, { deadline, cwd: '/', env });
  if (exit === 0) return stdout;
  if (timedOut) return { unknown: textOf('onecli-timeout', { command, seconds: deadline / 1000 }) };
  if (missing || exit === notFoundStatus || cannotExecute.test(stderr))
    return { unknown: textOf('onecli-missing', { command: words[0] }) };
  const line = (stderr.trim() || stdout.trim()).split('\n').at(-1);
  const error = line || textOf('ended-with-status', { status: exit ?? 'a signal' });
  return { unknown: textOf('onecli-failed', { command, error }) };
}

/** Runs the same, and parses the XML that it prints. */
export async function listInOpenNebula(
  command: 'onehook' | 'onehost' | 'onevm',
  user: string,
  deadline: number,
): Promise<Element | Unknown> {
  const answer = await askOpenNebula([command, 'list', '-x'], user, deadline);
  if (isUnknown(answer)) return answer;
  try {
    return readXml(answer);
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    return { unknown: textOf('onecli-not-xml', { error: error.message }) };
  }
}

/** The environment variables that OpenNebula's client reads (oca/ruby/opennebula/client.rb, pool.rb). */
const ofClient = [
  'ONE_LOCATION',
  'ONE_XMLRPC',
  'ONE_XMLRPC_TIMEOUT',
  'ONE_AUTH',
  'ONE_CERT_DIR',
  'ONE_DISABLE_SSL_VERIFY',
  'ONE_POOL_PAGE_SIZE',
];

function asUserOfOpenNebula(words: Argv, user: string): Command | Unknown {
  if (process.geteuid?.() !== 0) return words;
  if (!findAccount(user)) return { unknown: textOf('onecli-no-user', { user }) };
  const given = ofClient.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return asOtherUser(user, words, Object.fromEntries(given));
}
