import type { ChildProcess } from 'node:child_process';
import { findAccount } from './account';

export type Argv = readonly [string, ...string[]];

/**
 * A command that another user than root runs. It gets a session of its own: with root's terminal as its controlling
 * terminal it could type into root's shell (TIOCSTI of ioctl_tty(2), before Linux 6.2). It gets these variables and no
 * other, and no descriptor but three pipes. `run` and `startPiped` see to all that; only this file makes one.
 */
export interface Isolated {
  readonly argv: Argv;
  readonly environment: Readonly<Record<string, string>>;
}

/** A command; one that is no `Isolated` runs as whoever we are, with our environment. */
export type Command = Argv | Isolated;

/** Descriptors that root's shell left open for us: Node passes on those behind the first gap (uv_disable_stdio_inheritance). */
const withoutDescriptors =
  'for fd in /proc/self/fd/*; do fd=${fd##*/}; ((fd < 3)) || exec {fd}>&-; done; exec "$@"';
const usualPath = '/usr/sbin:/usr/bin:/sbin:/bin';

/** The command as that user; as it is for who cannot become somebody else, or need not. `variables` are given, too. */
export function asOtherUser(
  user: string,
  argv: Argv,
  variables: Readonly<Record<string, string>> = {},
): Command {
  if (process.geteuid?.() !== 0 || user === 'root') return argv;
  return {
    argv: ['/bin/bash', '-c', withoutDescriptors, 'bash', 'runuser', '-u', user, '--', ...argv],
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

/** Reaches all that a child started which leads a group of its own. */
export function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  // Once it was waited for, its number may be another's.
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It is gone.
  }
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
const children = new Set<ChildProcess>();

/** Ctrl-C on the terminal reaches only us: what ends us ends the child, and what it started in the background, too. */
export function endWithUs(child: ChildProcess): void {
  if (child.pid === undefined) return;
  if (children.size === 0) for (const signal of signals) process.on(signal, passOn);
  children.add(child);
  child.once('exit', () => {
    children.delete(child);
    if (children.size === 0) for (const signal of signals) process.off(signal, passOn);
  });
}

function passOn(signal: NodeJS.Signals): void {
  // Whoever listens, too, stands by a migration: it is not to end, and its children are not.
  if (process.listenerCount(signal) > 1) return;
  for (const child of children) signalGroup(child, 'SIGTERM');
  process.off(signal, passOn);
  process.kill(process.pid, signal);
}
