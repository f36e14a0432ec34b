import { setTimeout as pause } from 'node:timers/promises';
import {
  encodeLine,
  maxLineBytes,
  readMoverEnded,
  type AgentMessage,
} from '../agent-protocol/model/messages';
import { Lines, tooLong } from '../os/model/line-splitter';
import { textOf } from '../messages';
import type { MoverResult, RunningMover } from '../move/io/mover-process';

/** Milliseconds in which the front-end has to confirm that a killed mover has ended. */
const killGraceMs = 10_000;

/** The front-end, at the other end of our input and output. */
export class FrontendChannel {
  private first: string | typeof tooLong | undefined;
  private waiting: (() => void) | undefined;
  private mover: ((moved: MoverResult) => void) | undefined;
  private gone = false;
  /** Fulfilled when the front-end has closed the connection. */
  readonly closed: Promise<void>;

  constructor() {
    const lines = new Lines(maxLineBytes);
    process.stdin.on('data', (piece: Buffer) => lines.take(piece).forEach((line) => this.receive(line)));
    this.closed = new Promise((resolve) => {
      const end = (): void => {
        const rest = this.gone ? undefined : lines.rest();
        this.gone = true;
        if (rest !== undefined) this.receive(rest);
        this.waiting?.();
        resolve();
      };
      process.stdin.on('end', end).on('close', end).on('error', end);
    });
    // The work continues when the front-end is gone.
    process.stdout.on('error', () => undefined);
  }

  /**
   * The first line, or `tooLong`; `undefined` when none arrives within `deadline` milliseconds. Of all later lines,
   * only the mover's result is read.
   */
  async request(deadline: number): Promise<string | typeof tooLong | undefined> {
    const arrived = new Promise<void>((resolve) => (this.waiting = resolve));
    if (this.first === undefined && !this.gone) {
      await Promise.race([arrived, pause(deadline, undefined, { ref: false })]);
    }
    return this.first;
  }

  send(line: AgentMessage): void {
    process.stdout.write(encodeLine(line));
  }

  isGone(): boolean {
    return this.gone;
  }

  /** Requests the mover from the front-end. */
  move(): RunningMover {
    const ended = new Promise<MoverResult>((resolve) => (this.mover = resolve));
    this.send({ kind: 'move' });
    const kill = (signal: 'SIGTERM' | 'SIGKILL'): void => {
      this.send({ kind: 'kill', signal });
      if (signal !== 'SIGKILL') return;
      setTimeout(() => this.movedTo(null, textOf('mover-end-not-reported')), killGraceMs).unref();
    };
    return { ended, kill };
  }

  end(): void {
    process.stdin.destroy();
  }

  private receive(line: string | typeof tooLong): void {
    if (this.first === undefined) {
      this.first = line;
      this.waiting?.();
      return;
    }
    const moved = line === tooLong ? undefined : this.mover && readMoverEnded(line);
    if (moved) this.movedTo(moved.exit, '');
  }

  private movedTo(exit: number | null, stderr: string): void {
    this.mover?.({ exit, stdout: '', stderr });
    this.mover = undefined;
  }
}
