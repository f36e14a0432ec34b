import { spawn, type ChildProcess, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { argvOf, isIsolated, type Argv, type Command } from './isolated';
import { noDescriptors } from './spare-descriptors';

/** A program that stays, with pipes to it. */
export type LastingChild = ChildProcessWithoutNullStreams;

interface LastingOptions {
  readonly cwd?: string;
  /** All its variables; an `Isolated` command brings its own. */
  readonly env?: NodeJS.ProcessEnv;
  /** Descriptors of ours that it gets from its descriptor 3 on. */
  readonly inherit?: readonly number[];
}

/**
 * Starts a program that stays: in a session of its own, so that Ctrl-C on the terminal does not end it before its work is
 * done. That it cannot be started is told by an `error` event; only a process that may hold no more descriptors gets a
 * child without pipes from Node, and the event as well (ChildProcess.prototype.spawn).
 * @throws GuardError
 */
export function startLasting(
  command: Command,
  { cwd = '/', env = process.env, inherit = [] }: LastingOptions = {},
): LastingChild {
  const [file, ...args] = argvOf(command);
  const start = (variables: NodeJS.ProcessEnv): ChildProcess =>
    spawn(file, args, { cwd, env: variables, detached: true, stdio: ['pipe', 'pipe', 'pipe', ...inherit] });
  const child = isIsolated(command) ? endWithUs(() => start(command.environment)) : start(env);
  // That nobody reads any more what it is told shows by its end.
  child.stdin?.on('error', () => undefined);
  if (child.stdin && child.stdout && child.stderr) return child as LastingChild;
  child.on('error', () => undefined);
  throw noDescriptors(file);
}

/**
 * Starts a command for which nobody waits: it outlives us, holds none of the pipes that oned reads to their ends, and what
 * it says is lost. timeout(1) of coreutils ends it after so many seconds.
 */
export function startUnattended(seconds: number, argv: Argv): void {
  try {
    const words = ['--kill-after=5', `${seconds}`, ...argv];
    const child = spawn('timeout', words, { cwd: '/', detached: true, stdio: 'ignore' });
    child.on('error', () => undefined);
    child.unref();
  } catch {
    // It is about what was done, which counts more than that it is told.
  }
}

/** Of Node's and of execa's children; each leads a session, and so a group, of its own. */
interface Child {
  readonly pid?: number | undefined;
  readonly exitCode: number | null;
  readonly signalCode: NodeJS.Signals | null;
  readonly stdio: readonly ({ destroy: () => unknown } | null | undefined)[];
  once(event: 'exit' | 'error', listener: () => void): unknown;
  unref(): unknown;
}

/** Reaches all that a child started and left in its group, as long as the child itself runs. */
export function signalGroup(child: Child, signal: NodeJS.Signals): void {
  // Once it was waited for, its number may be another's.
  if (child.exitCode === null && child.signalCode === null) sendToGroup(child, signal);
}

/**
 * Ends what is left of the group of a child that has ended. For its `exit` event only: later, where nothing is left of the
 * group, its number may be another's.
 */
export function killGroup(child: Child): void {
  sendToGroup(child, 'SIGKILL');
}

function sendToGroup({ pid }: Child, signal: NodeJS.Signals): void {
  // One that could not be started has none.
  if (!pid) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // None is left.
  }
}

/** Hears nothing more of it, and waits for it no longer: not even SIGKILL ends what the kernel holds (state D, dead storage). */
export function leave(child: Child): void {
  child.unref();
  for (const stream of child.stdio) stream?.destroy();
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
/** Those that end with us. */
const children = new Set<Child>();
/** How many of them there are, or are about to be. */
let lasting = 0;

/**
 * Starts a child that is ended when a signal ends us: Ctrl-C on the terminal does not reach another session. We listen
 * before it starts, or a signal that comes at once would end us alone.
 */
export function endWithUs<C extends Child>(start: () => C): C {
  if (lasting++ === 0) for (const signal of signals) process.on(signal, passOn);
  try {
    const child = start();
    children.add(child);
    const forget = (): void => {
      if (children.delete(child)) release();
    };
    // One that could not be started has no end.
    child.once('exit', forget);
    child.once('error', forget);
    return child;
  } catch (error) {
    release();
    throw error;
  }
}

function release(): void {
  if (--lasting === 0) for (const signal of signals) process.off(signal, passOn);
}

function passOn(signal: NodeJS.Signals): void {
  // Whoever listens, too, stands by a migration: it is not to end, and what it has started is not.
  if (process.listenerCount(signal) > 1) return;
  for (const child of children) signalGroup(child, 'SIGTERM');
  process.off(signal, passOn);
  process.kill(process.pid, signal);
}
