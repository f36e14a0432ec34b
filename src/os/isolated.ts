import { findAccount } from './passwd';

export type Argv = readonly [string, ...string[]];

/**
 * A command that another user than root runs. It gets a session of its own: with root's terminal as its controlling
 * terminal it could type into root's shell (TIOCSTI of ioctl_tty(2), before Linux 6.2). It gets these variables and no
 * other, and no descriptor but three pipes. `runCommand` and `startLasting` ensure that; only this file makes one.
 */
interface Isolated {
  readonly argv: Argv;
  readonly environment: Readonly<Record<string, string>>;
}

/** A command; one that is not `Isolated` runs as the user of this process, with its environment. */
export type Command = Argv | Isolated;

/** Where a system has its programs. */
export const usualPath = '/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * The command with only the first `count` descriptors: this process may have inherited others from root's shell, and Node
 * passes on those after the first gap (uv_disable_stdio_inheritance). Node's pipes are sockets, and bash takes a socket
 * for one of rsh: without `--norc` it would run root's .bashrc first (run_startup_files() in bash's shell.c).
 */
export function withDescriptors(count: number, argv: Argv): Argv {
  const closeOthers = `for fd in /proc/self/fd/*; do fd=\${fd##*/}; ((fd < ${count})) || exec {fd}>&-; done; exec "$@"`;
  return ['/bin/bash', '--norc', '-c', closeOthers, 'bash', ...argv];
}

/** The command as that user, with these environment variables; unchanged where this process is not root, or the user is. */
export function asOtherUser(
  user: string,
  argv: Argv,
  variables: Readonly<Record<string, string>> = {},
): Command {
  if (process.geteuid?.() !== 0 || user === 'root') return argv;
  return {
    argv: withDescriptors(3, ['runuser', '-u', user, '--', ...argv]),
    environment: {
      PATH: process.env['PATH'] || usualPath,
      HOME: findAccount(user)?.home ?? '/',
      USER: user,
      LOGNAME: user,
      LC_ALL: 'C',
      ...variables,
    },
  };
}

export function isIsolated(command: Command): command is Isolated {
  return 'environment' in command;
}

export function argvOf(command: Command): Argv {
  return isIsolated(command) ? command.argv : command;
}
