import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { findAccount } from '../os/passwd';
import { runCommand } from '../os/run-command';
import { asOtherUser, type Argv } from '../os/isolated';

/** Seconds, as in the hooks' templates: then the hook manager sends SIGTERM. */
const timeoutSeconds = 300;
/** The exit status that onehem-server.rb records for a hook without one. */
const missingStatus = 255;

/** How opennebula-hem, a service of OpenNebula's user, starts a hook's program (onehem-server.rb, execute). */
interface HookCommand {
  readonly argv: readonly string[];
  readonly user: string;
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** A COMMAND without a leading slash lies here. */
export function hookProgram(hook: string): string {
  const location = process.env['ONE_LOCATION'];
  return `${location ? `${location}/var` : '/var/lib/one'}/remotes/hooks/migrate-guard/${hook}`;
}

/** Only root can change the user; another user runs the test as itself. */
export function hookCommand(hook: string, wantedUser: string, dryRun: boolean): HookCommand {
  const isRoot = process.geteuid?.() === 0;
  const user = isRoot ? wantedUser : userInfo().username;
  const location = process.env['ONE_LOCATION'];
  return {
    argv: [hookProgram(hook), ...(dryRun ? ['--dry-run'] : [])],
    user,
    // A service without WorkingDirectory.
    directory: '/',
    environment: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: homeOf(user),
      USER: user,
      LOGNAME: user,
      ...(location ? { ONE_LOCATION: location } : {}),
      ...sshAgent(),
    },
  };
}

export async function runAsHookManager(
  { argv, user, directory, environment }: HookCommand,
  input: string,
): Promise<{ readonly exit: number; readonly stdout: string; readonly stderr: string }> {
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const command: Argv = ['env', '-i', ...variables, ...argv];
  const { exit, stdout, stderr, timedOut } = await runCommand(asOtherUser(user, command), {
    deadline: timeoutSeconds * 1000,
    cwd: directory,
    input,
  });
  if (timedOut) return { exit: missingStatus, stdout, stderr: `Timeout executing ${argv.join(' ')}\n` };
  return { exit: exit ?? missingStatus, stdout, stderr };
}

/** The agent whose keys OpenNebula uses between hosts: EnvironmentFile of opennebula-hem.service. */
function sshAgent(): Record<string, string> {
  try {
    const text = readFileSync('/var/run/one/ssh-agent.env', 'utf8');
    const found = /^SSH_AUTH_SOCK="?([^"\n;]+)/m.exec(text)?.[1];
    return found === undefined ? {} : { SSH_AUTH_SOCK: found };
  } catch {
    return {};
  }
}

function homeOf(user: string): string {
  if (user === userInfo().username) return userInfo().homedir;
  return findAccount(user)?.home ?? '/var/lib/one';
}
