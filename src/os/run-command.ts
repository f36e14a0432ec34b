import { setTimeout as pause } from 'node:timers/promises';
import type { Options, ResultPromise } from 'execa';
import { endWithUs, killGroup, leave, signalGroup } from './child-process';
import { argvOf, isIsolated, type Command } from './isolated';
import { log } from './log';
import { expectSpareDescriptors } from './spare-descriptors';

/** From SIGTERM to SIGKILL. */
const killAfterMs = 1000;
/** After the deadline: a killed command has ended by then, or cannot end. */
const giveUpAfterMs = killAfterMs + 1500;

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
  /** A descriptor of this process that the command gets as descriptor 3. */
  readonly inherit?: number;
}

/**
 * Runs a command to its end. Exit status, missing program and passed deadline are in the result, not thrown. The locale is
 * C, so output can be parsed.
 * @throws GuardError when this process may hold no more descriptors.
 *
 * execa is loaded when the first command runs, because most checks start no process at all.
 */
export async function runCommand(command: Command, options: CommandOptions): Promise<CommandResult> {
  const { execa } = await import('execa');
  const argv = argvOf(command);
  const [file, ...args] = argv;
  expectSpareDescriptors(file);
  const started = performance.now();
  const child = endWithUs(() => execa(file, args, settingsOf(command, options)));
  const timeLimit = limitTime(child, options.deadline);
  const result = await Promise.race([
    child,
    pause(options.deadline + giveUpAfterMs, undefined, { ref: false }),
  ]);
  timeLimit.end();
  if (!result) {
    leave(child);
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
    timedOut: timeLimit.hasPassed(),
    missing: result.code === 'ENOENT',
  };
}

function settingsOf(command: Command, { input, env, cwd, inherit }: CommandOptions): Options {
  const isolated = isIsolated(command);
  return {
    reject: false,
    detached: true,
    maxBuffer: 64 * 1024 * 1024,
    stripFinalNewline: false,
    extendEnv: !isolated,
    env: { LC_ALL: 'C', ...(isolated ? command.environment : {}), ...env },
    cwd: cwd ?? workingDirectory(),
    ...(input === undefined ? {} : { input }),
    stdio: [
      input === undefined && !isolated ? 'ignore' : 'pipe',
      'pipe',
      'pipe',
      ...(inherit === undefined ? [] : [inherit]),
      // execa accepts more descriptors than three, but its types do not.
    ] as NonNullable<Options['stdio']>,
  };
}

/** The working directory may be gone; execa would fail. */
function workingDirectory(): string {
  try {
    return process.cwd();
  } catch {
    return '/';
  }
}

/**
 * Ends a command, with all of its process group, when its time has passed. execa's own `timeout` and `forceKillAfterDelay`
 * signal one process only, and runuser waits for the program that it runs.
 */
function limitTime(child: ResultPromise, deadline: number): { hasPassed: () => boolean; end: () => void } {
  let hasPassed = false;
  const terminate = (): void => {
    hasPassed = true;
    signalGroup(child, 'SIGTERM');
  };
  const timers = [
    setTimeout(terminate, deadline),
    setTimeout(() => signalGroup(child, 'SIGKILL'), deadline + killAfterMs),
  ];
  const end = (): void => timers.forEach(clearTimeout);
  child.once('exit', () => {
    end();
    if (hasPassed) killGroup(child);
  });
  return { hasPassed: () => hasPassed, end };
}
