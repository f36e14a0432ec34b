import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { encodeLine, longestLine, readMoverEnded, type HostLine } from '../core/host-session';
import type { Moved, RunningMover } from './mover';

/** Milliseconds that the front-end gets to say that a mover it has killed is dead. */
const killGrace = 10_000;

/** The front-end half, at the other end of our input and output. */
export class FrontendLink {
  private readonly lines: string[] = [];
  private waiting: (() => void) | undefined;
  private mover: ((moved: Moved) => void) | undefined;
  private gone = false;
  /** Fulfilled when the front-end says nothing any more. */
  readonly closed: Promise<void>;

  constructor() {
    const input = createInterface({ input: process.stdin });
    input.on('line', (line) => this.hear(line));
    this.closed = new Promise((resolve) => {
      input.on('close', () => {
        this.gone = true;
        this.waiting?.();
        resolve();
      });
    });
    // A front-end that went away keeps nobody from finishing.
    process.stdout.on('error', () => undefined);
  }

  /** The next line, before the mover runs; `undefined` when none comes within `deadline` milliseconds. */
  async line(deadline: number): Promise<string | undefined> {
    const arrived = new Promise<void>((resolve) => (this.waiting = resolve));
    if (this.lines.length === 0 && !this.gone) {
      await Promise.race([arrived, pause(deadline, undefined, { ref: false })]);
    }
    return this.lines.shift();
  }

  say(line: HostLine): void {
    process.stdout.write(encodeLine(line));
  }

  isGone(): boolean {
    return this.gone;
  }

  /** Has the front-end run its mover. */
  move(): RunningMover {
    const ended = new Promise<Moved>((resolve) => (this.mover = resolve));
    this.say({ kind: 'move' });
    const kill = (signal: 'SIGTERM' | 'SIGKILL'): void => {
      this.say({ kind: 'kill', signal });
      if (signal !== 'SIGKILL') return;
      setTimeout(
        () => this.movedTo(null, 'the front-end does not say that its mover has ended'),
        killGrace,
      ).unref();
    };
    return { ended, kill };
  }

  end(): void {
    process.stdin.destroy();
  }

  private hear(line: string): void {
    if (line.length > longestLine) return;
    const moved = this.mover && readMoverEnded(line);
    if (moved) return this.movedTo(moved.exit, '');
    this.lines.push(line);
    this.waiting?.();
  }

  private movedTo(exit: number | null, stderr: string): void {
    this.mover?.({ exit, stdout: '', stderr });
    this.mover = undefined;
  }
}
