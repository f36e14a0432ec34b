import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import type { Unknown } from '../core/facts';
import { log } from './log';
import { startPiped } from './piped-child';
import type { Argv } from './virsh-and-ssh';

/** A program that stays, and answers on its stdout what is written to its stdin. Questions may not overlap. */
export class Conversation {
  private output = '';
  private complaints = '';
  private closed = false;
  private waiting: (() => void) | undefined;
  private readonly child: ChildProcessWithoutNullStreams;

  /** @throws GuardError when it cannot be started for want of descriptors. */
  constructor(argv: Argv, env?: Readonly<Record<string, string>>) {
    log('started a command', { argv });
    // A group of its own, so that Ctrl-C on the terminal does not end it before its work is done.
    this.child = startPiped(argv, { cwd: '/', env: { ...process.env, ...env }, detached: true });
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.output += text;
      this.waiting?.();
    });
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => (this.complaints += text));
    this.child.stdin.on('error', () => undefined);
    const close = (): void => {
      this.closed = true;
      this.waiting?.();
    };
    this.child.on('close', close).on('error', close);
  }

  /** What `read` makes of the output since the question, as soon as it makes anything, within `deadline` milliseconds. */
  async ask<T>(
    question: string,
    read: (output: string) => T | undefined,
    deadline: number,
  ): Promise<T | Unknown> {
    const until = performance.now() + deadline;
    this.output = '';
    if (!this.closed) this.child.stdin.write(question);
    for (;;) {
      const answer = read(this.output);
      if (answer !== undefined) return answer;
      const left = until - performance.now();
      if (this.closed) return { unknown: this.complaints.trim().split('\n').at(-1) || 'it ended' };
      if (left <= 0) return { unknown: `no answer within ${deadline / 1000} s` };
      await this.more(left);
    }
  }

  /** Nothing will be answered any more. */
  get hasEnded(): boolean {
    return this.closed;
  }

  end(): void {
    const { child } = this;
    child.stdin.end();
    if (child.pid === undefined || this.closed) return;
    this.closed = true;
    // The whole group: runuser waits for the ssh that it started.
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      child.kill('SIGKILL');
    }
    // Not even that ends what the kernel holds (state D, dead storage): nobody waits for it.
    child.unref();
    for (const stream of child.stdio) stream?.destroy();
    this.waiting?.();
  }

  private async more(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.waiting = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.waiting = undefined;
  }
}
