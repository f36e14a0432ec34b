import { KeptText } from '../../core/kept-text';
import { leave, signalGroup, startLasting } from '../../os/child-process';
import type { Command } from '../../os/isolated';

/** Milliseconds in which what a mover wrote arrives after its end. */
const outputGraceMs = 1000;
/** Characters that are kept of each end of what a mover prints: it may print for hours, and nobody reads it before its end. */
const keptOutputChars = 256 * 1024;

/** The program that really moves or saves a domain. */
export interface Mover {
  /** Its name in messages and results. */
  readonly name: string;
  /** There is no deadline, since a live migration takes as long as it takes. */
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
  /** Reaches all that the mover started and left in its process group. */
  readonly kill: (signal: 'SIGTERM' | 'SIGKILL') => void;
}

/** A program; in the root directory, unless another is named. */
export interface Program {
  readonly command: Command;
  readonly cwd?: string;
}

export function startProgram(program: Program, input = ''): RunningMover {
  const { running, go } = launch(program);
  go(input);
  return running;
}

/** Of a program that was started, and waits for its input before it does anything. */
export interface Launched {
  readonly running: RunningMover;
  readonly hasEnded: () => boolean;
  /** Gives it all its input. */
  readonly go: (input: string) => void;
  /** Ends it without any, and waits for nothing. */
  readonly abandon: () => void;
}

/** Ctrl-C on the terminal reaches only us, and we ask libvirt to end its job. */
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
    // A process that the mover left behind may hold its output open for ever; the mover's own end counts.
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
