import { KeptText } from '../../core/kept-text';
import { leave, signalGroup, startLasting } from '../../os/child-process';
import type { Command } from '../../os/isolated';

/** For output that arrives after the mover's end. */
const outputGraceMs = 1000;
/** What is kept of the start, and of the end, of a mover's output, which may grow for hours. */
const keptOutputChars = 256 * 1024;

/** The program that really moves or saves a domain. */
export interface Mover {
  /** Its name in messages and results. */
  readonly name: string;
  /** Without a deadline: a live migration may take hours. */
  readonly start: () => RunningMover;
}

export interface MoverResult {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningMover {
  /** It never rejects. */
  readonly ended: Promise<MoverResult>;
  /** Signals the mover's whole process group. */
  readonly kill: (signal: 'SIGTERM' | 'SIGKILL') => void;
}

/** `cwd`: `/` by default. */
export interface Program {
  readonly command: Command;
  readonly cwd?: string;
}

export function startProgram(program: Program, input = ''): RunningMover {
  const { running, go } = launch(program);
  go(input);
  return running;
}

/** A program that was started, and does nothing before it has its input. */
export interface Launched {
  readonly running: RunningMover;
  readonly hasEnded: () => boolean;
  /** Writes all its input. */
  readonly go: (input: string) => void;
  /** Ends it without input, and does not wait for its end. */
  readonly abandon: () => void;
}

/** Ctrl-C on the terminal must not reach the mover: libvirt is asked to end its job instead. */
export function launch({ command, cwd = '/' }: Program): Launched {
  const child = startLasting(command, { cwd, env: { ...process.env, LC_ALL: 'C' } });
  const [stdout, stderr] = [new KeptText(keptOutputChars), new KeptText(keptOutputChars)];
  child.stdout.setEncoding('utf8').on('data', (text: string) => stdout.take(text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => stderr.take(text));
  const moved = (exit: number | null): MoverResult => ({ exit, stdout: stdout.text, stderr: stderr.text });
  const ended = new Promise<MoverResult>((resolve) => {
    child.on('error', ({ message }) => {
      stderr.take(`${message}\n`);
      resolve(moved(127));
    });
    child.on('close', (exit) => resolve(moved(exit)));
    // A process that the mover left behind may keep the output open for ever; the mover's own end counts.
    child.on('exit', (exit) => {
      setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
        resolve(moved(exit));
      }, outputGraceMs).unref();
    });
  });
  const hasEnded = (): boolean =>
    child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
  const kill = (signal: 'SIGTERM' | 'SIGKILL'): void => signalGroup(child, signal);
  const abandon = (): void => {
    kill('SIGTERM');
    leave(child);
  };
  return { running: { ended, kill }, hasEnded, go: (input) => child.stdin.end(input), abandon };
}
