import { unknownOf, type Unknown } from '../core/unknown';
import { message, textOf } from '../messages';
import { killGroup, leave, signalGroup, startLasting, type LastingChild } from './child-process';
import { argvOf, type Command } from './isolated';
import { log } from './log';

/** In characters, longer than any answer: QEMU's block nodes take some hundred thousand. */
const maxAnswerChars = 8 * 1024 * 1024;
/** In characters, more than any program prints without a question: prompts, a banner, a warning now and then. */
const maxUnaskedChars = 1024 * 1024;
/** Enough of its stderr to have the last line. */
const keptStderrChars = 16 * 1024;

/**
 * A long-lived program that answers on its stdout what is written to its stdin. Questions must not overlap. Output without
 * a question is discarded, and a program that prints too much is ended: it may be another host's.
 */
export class InteractiveProcess {
  /** What was printed since the question; `undefined` while there is none. */
  private output: string | undefined;
  /** Characters since the last answer. */
  private unasked = 0;
  private stderr = '';
  private closed = false;
  private waiting: (() => void) | undefined;
  private readonly child: LastingChild;

  /** @throws GuardError when this process may hold no more descriptors. */
  constructor(command: Command, env?: Readonly<Record<string, string>>) {
    log('started a command', { argv: argvOf(command) });
    this.child = startLasting(command, { env: { ...process.env, ...env } });
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => this.receive(text));
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr = (this.stderr + text).slice(-keptStderrChars);
      this.count(text);
    });
    const close = (): void => {
      this.closed = true;
      this.waiting?.();
    };
    this.child.on('close', close).on('error', close);
    // runuser may end without the ssh that it started.
    this.child.once('exit', () => killGroup(this.child));
  }

  /** The first result of `read` for the output since the question, within `deadline` milliseconds. */
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
        if (this.closed) return { unknown: this.stderr.trim().split('\n').at(-1) || textOf('program-ended') };
        if (left <= 0) return unknownOf(message('no-answer-within', { seconds: deadline / 1000 }));
        await this.nextOutput(left);
      }
    } finally {
      this.output = undefined;
      this.unasked = 0;
    }
  }

  /** There will be no more answers. */
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

  private receive(text: string): void {
    if (this.output === undefined) return this.count(text);
    this.output += text;
    if (this.output.length > maxAnswerChars) return this.endForLength();
    this.waiting?.();
  }

  private count(text: string): void {
    this.unasked += text.length;
    if (this.unasked > maxUnaskedChars) this.endForLength();
  }

  private endForLength(): void {
    if (this.closed) return;
    this.stderr = textOf('answer-too-long');
    log('a command printed too much, and is ended', { pid: this.child.pid });
    this.end();
  }

  private async nextOutput(milliseconds: number): Promise<void> {
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
