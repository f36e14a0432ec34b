import { spawn, type ChildProcess, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { argvOf, isIsolated, type Argv, type Command } from './isolated';
import { noDescriptors } from './spare-descriptors';

/** A long-lived child, with pipes to it. */
export type LastingChild = ChildProcessWithoutNullStreams;

interface LastingOptions {
  readonly cwd?: string;
  /** All its environment variables; an `Isolated` command has its own. */
  readonly env?: NodeJS.ProcessEnv;
  /** Descriptors of this process that it gets as descriptors 3, 4, … */
  readonly inherit?: readonly number[];
}

/**
 * Starts a long-lived program in a session of its own, so that Ctrl-C on the terminal does not end it. If it cannot be
 * started, the child emits `error`; a process that may hold no more descriptors also gets a child without pipes from
 * Node (ChildProcess.prototype.spawn).
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
  // EPIPE: the child's end is handled by its `exit`.
  child.stdin?.on('error', () => undefined);
  if (child.stdin && child.stdout && child.stderr) return child as LastingChild;
  child.on('error', () => undefined);
  throw noDescriptors(file);
}

/**
 * Starts a command without waiting for it: it outlives this process, holds none of the pipes that oned reads to their
 * ends, and its output is lost. timeout(1) of coreutils ends it after so many seconds.
 */
export function startUnattended(seconds: number, argv: Argv): void {
  try {
    const words = ['--kill-after=5', `${seconds}`, ...argv];
    const child = spawn('timeout', words, { cwd: '/', detached: true, stdio: 'ignore' });
    child.on('error', () => undefined);
    child.unref();
  } catch {
    // A report that cannot be sent must not stop what it reports.
  }
}

/** A child of Node or of execa; each leads a session, and so a process group, of its own. */
interface Child {
  readonly pid?: number | undefined;
  readonly exitCode: number | null;
  readonly signalCode: NodeJS.Signals | null;
  readonly stdio: readonly ({ destroy: () => unknown } | null | undefined)[];
  once(event: 'exit' | 'error', listener: () => void): unknown;
  unref(): unknown;
}

/** Signals the child and all processes of its group, as long as the child itself runs. */
export function signalGroup(child: Child, signal: NodeJS.Signals): void {
  // After the child was reaped its pid may be another process's.
  if (child.exitCode === null && child.signalCode === null) sendToGroup(child, signal);
}

/**
 * Ends what is left of the group of a child that has ended. For its `exit` event only: later, if nothing is left of the
 * group, its id may be another group's.
 */
export function killGroup(child: Child): void {
  sendToGroup(child, 'SIGKILL');
}

function sendToGroup({ pid }: Child, signal: NodeJS.Signals): void {
  // A child that could not be started has no pid.
  if (!pid) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // No process of the group is left.
  }
}

/** Stops reading from the child and waiting for it: not even SIGKILL ends a process in state D (dead storage). */
export function leave(child: Child): void {
  child.unref();
  for (const stream of child.stdio) stream?.destroy();
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
/** Children that end with this process. */
const children = new Set<Child>();
/** How many of them there are or are being started. */
let lasting = 0;

/**
 * Starts a child that is ended when a signal ends this process, because Ctrl-C on the terminal does not reach another
 * session. The listeners are set before it starts: a signal in between would end this process alone.
 */
export function endWithUs<C extends Child>(start: () => C): C {
  if (lasting++ === 0) for (const signal of signals) process.on(signal, passOn);
  try {
    const child = start();
    children.add(child);
    const forget = (): void => {
      if (children.delete(child)) release();
    };
    // A child that could not be started emits no `exit`.
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
  // Another listener means that a migration is guarded: neither this process nor its children must end.
  if (process.listenerCount(signal) > 1) return;
  for (const child of children) signalGroup(child, 'SIGTERM');
  process.off(signal, passOn);
  process.kill(process.pid, signal);
}
