import type { Options } from 'execa';
import {
  argvOf,
  endWithUs,
  isIsolated,
  signalGroup,
  type Child,
  type Command,
  type Isolated,
} from './isolated';
import { log } from './log';
import { expectSpareDescriptors } from './spare-descriptors';

/** Milliseconds after the deadline: SIGKILL comes 1 s after it, and then a command is gone, or cannot go. */
const lateAfter = 2500;
/** Milliseconds from SIGTERM to SIGKILL. */
const killAfter = 1000;

export interface CommandResult {
  readonly argv: readonly string[];
  /** Exit status; `null` when the command could not start, was killed by a signal, or ran out of time. */
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
  /** The program does not exist on this machine. */
  readonly missing: boolean;
}

export interface CommandOptions {
  /** Milliseconds until the command is killed (SIGTERM, SIGKILL 1 s later). */
  readonly deadline: number;
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** A descriptor of ours that the command gets as its descriptor 3. */
  readonly inherit?: number;
}

/**
 * Runs a command to its end. Never throws for what the command did: the exit status, a missing program and
 * a passed deadline are all in the result. The locale is C, so output can be parsed.
 * @throws GuardError when this process may hold no more descriptors.
 *
 * execa is loaded when the first command runs, because most checks start no process at all.
 */
export async function run(command: Command, options: CommandOptions): Promise<CommandResult> {
  const { execa } = await import('execa');
  const { setTimeout: pause } = await import('node:timers/promises');
  const argv = argvOf(command);
  const [file, ...args] = argv;
  const settings: Options = {
    reject: false,
    timeout: options.deadline,
    forceKillAfterDelay: killAfter,
    // endWithUs does it: two that listen to a signal would each leave it to the other to end us.
    cleanup: false,
    maxBuffer: 64 * 1024 * 1024,
    stripFinalNewline: false,
    env: { LC_ALL: 'C', ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.input === undefined ? {} : { input: options.input }),
    stdio: [
      options.input === undefined && !isIsolated(command) ? 'ignore' : 'pipe',
      'pipe',
      'pipe',
      ...(options.inherit === undefined ? [] : [options.inherit]),
      // execa takes descriptors beyond the third, and its types do not say so.
    ] as NonNullable<Options['stdio']>,
    ...(isIsolated(command) ? isolation(command, options) : {}),
  };
  expectSpareDescriptors(file);
  const started = performance.now();
  const start = () => execa(file, args, settings);
  const child = endWithUs<ReturnType<typeof start>>(start, (running) => {
    if (isIsolated(command)) signalGroup(running, 'SIGTERM');
    else running.kill('SIGTERM');
  });
  const isLate = isIsolated(command) ? endInTime(child, options.deadline) : undefined;
  const result = await Promise.race([child, pause(options.deadline + lateAfter, undefined, { ref: false })]);
  if (!result) {
    // Not even SIGKILL ends what the kernel holds (state D, dead storage): it is left behind, and nobody waits for it.
    child.unref();
    for (const stream of child.stdio) stream?.destroy();
    log('a command cannot be killed', { argv });
    return { argv, exit: null, stdout: '', stderr: '', timedOut: true, missing: false };
  }
  log('ran a command', {
    argv,
    exit: result.exitCode,
    milliseconds: Math.round(performance.now() - started),
    stderr: result.stderr,
  });
  return {
    argv,
    exit: result.exitCode ?? null,
    stdout: String(result.stdout ?? ''),
    stderr: String(result.stderr ?? ''),
    timedOut: isLate?.() ?? result.timedOut,
    missing: result.code === 'ENOENT',
  };
}

function isolation({ environment }: Isolated, { env, input = '' }: CommandOptions): Options {
  const own = { detached: true, extendEnv: false, env: { ...environment, ...env } };
  // endInTime sees to the deadline: execa knows of one process only, and runuser waits for what it runs.
  return { ...own, input, timeout: 0 };
}

/** Ends a child that leads a group, with all of that; tells whether it had to. */
function endInTime(child: Child, deadline: number): () => boolean {
  let isLate = false;
  const end = (): void => {
    isLate = true;
    signalGroup(child, 'SIGTERM');
  };
  const timers = [
    setTimeout(end, deadline),
    setTimeout(() => signalGroup(child, 'SIGKILL'), deadline + killAfter),
  ];
  child.once('exit', () => {
    timers.forEach(clearTimeout);
    // As long as any of the group is left, its number is nobody else's.
    if (isLate && child.pid !== undefined) kill(-child.pid);
  });
  return () => isLate;
}

function kill(group: number): void {
  try {
    process.kill(group, 'SIGKILL');
  } catch {
    // None is left.
  }
}
