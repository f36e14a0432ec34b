import type { Unknown } from '../core/unknown';
import { killGroup, leave, signalGroup, startLasting, type LastingChild } from './child-process';
import { argvOf, type Command } from './isolated';
import { log } from './log';

/** In characters, longer than any answer: QEMU's block nodes take some hundred thousand. */
const maxAnswerChars = 8 * 1024 * 1024;
/** And more than any program says unasked: prompts, a banner, a complaint now and then. */
const maxUnaskedChars = 1024 * 1024;
/** Enough of its complaints to see the last one. */
const keptStderrChars = 16 * 1024;

/**
 * A program that stays, and answers on its stdout what is written to its stdin. Questions may not overlap. What is said
 * unasked is not kept, and who says too much is not listened to any more: the other end may be another host's.
 */
export class InteractiveProcess {
  /** What was said since the question; nothing is kept while there is none. */
  private output: string | undefined;
  /** Characters since the last answer. */
  private unasked = 0;
  private complaints = '';
  private closed = false;
  private waiting: (() => void) | undefined;
  private readonly child: LastingChild;

  /** @throws GuardError when it cannot be started for want of descriptors. */
  constructor(command: Command, env?: Readonly<Record<string, string>>) {
    log('started a command', { argv: argvOf(command) });
    this.child = startLasting(command, { env: { ...process.env, ...env } });
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => this.hear(text));
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.complaints = (this.complaints + text).slice(-keptStderrChars);
      this.count(text);
    });
    const close = (): void => {
      this.closed = true;
      this.waiting?.();
    };
    this.child.on('close', close).on('error', close);
    // runuser may leave the ssh that it started.
    this.child.once('exit', () => killGroup(this.child));
  }

  /** What `read` makes of the output since the question, as soon as it makes anything, within `deadline` milliseconds. */
  async ask<T>(
    question: string,
    read: (output: string) => T | undefined,
    deadline: number,
  ): Promise<T | Unknown> {
    const until = performance.now() + deadline;
    this.output = '';
    try {
      if (!this.closed) this.child.stdin.write(question);
      for (;;) {
        const answer = read(this.output);
        if (answer !== undefined) return answer;
        const left = until - performance.now();
        if (this.closed) return { unknown: this.complaints.trim().split('\n').at(-1) || 'it ended' };
        if (left <= 0) return { unknown: `no answer within ${deadline / 1000} s` };
        await this.more(left);
      }
    } finally {
      this.output = undefined;
      this.unasked = 0;
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
    signalGroup(child, 'SIGKILL');
    leave(child);
    this.waiting?.();
  }

  private hear(text: string): void {
    if (this.output === undefined) return this.count(text);
    this.output += text;
    if (this.output.length > maxAnswerChars) return this.silence();
    this.waiting?.();
  }

  private count(text: string): void {
    this.unasked += text.length;
    if (this.unasked > maxUnaskedChars) this.silence();
  }

  private silence(): void {
    if (this.closed) return;
    this.complaints = 'it says more than any answer takes';
    log('a command says too much, and is ended', { pid: this.child.pid });
    this.end();
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
