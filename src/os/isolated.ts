import { findAccount } from './passwd';

export type Argv = readonly [string, ...string[]];

/**
 * A command that another user than root runs. It gets a session of its own: with root's terminal as its controlling
 * terminal it could type into root's shell (TIOCSTI of ioctl_tty(2), before Linux 6.2). It gets these variables and no
 * other, and no descriptor but three pipes. `run` and `startLasting` see to all that; only this file makes one.
 */
export interface Isolated {
  readonly argv: Argv;
  readonly environment: Readonly<Record<string, string>>;
}

/** A command; one that is no `Isolated` runs as whoever we are, with our environment. */
export type Command = Argv | Isolated;

/** Where a system has its programs. */
export const usualPath = '/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * The command with no other descriptors than the first `count`: root's shell may have left some open for us, and Node
 * passes on those behind the first gap (uv_disable_stdio_inheritance). Node's pipes are sockets, and bash takes a socket
 * for rsh's: without `--norc` it would run root's .bashrc first (run_startup_files() in bash's shell.c).
 */
export function withDescriptors(count: number, argv: Argv): Argv {
  const closeOthers = `for fd in /proc/self/fd/*; do fd=\${fd##*/}; ((fd < ${count})) || exec {fd}>&-; done; exec "$@"`;
  return ['/bin/bash', '--norc', '-c', closeOthers, 'bash', ...argv];
}

/** The command as that user; as it is for who cannot become somebody else, or need not. `variables` are given, too. */
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

/** Its words. */
export function argvOf(command: Command): Argv {
  return isIsolated(command) ? command.argv : command;
}
