import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import type { Unknown } from '../core/facts';
import { log } from './log';
import { quietVirsh, type Argv } from './virsh-and-ssh';

const prompt = 'virsh # ';

/**
 * One virsh that stays, so that a question costs milliseconds when they count: starting virsh takes 30 to 50 ms,
 * a new ssh connection several times that. Only what virsh prints on stdout is the answer; an order that libvirt
 * refuses has none. Not for words that were not made here: virsh splits its input like a shell.
 */
export class VirshSession {
  private output = '';
  private waiting: (() => void) | undefined;
  private closed = false;
  private questions = 0;
  private complaints = '';

  private constructor(private readonly child: ChildProcessWithoutNullStreams) {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.output += text;
      this.waiting?.();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.complaints += text));
    child.stdin.on('error', () => undefined);
    const close = (): void => {
      this.closed = true;
      this.waiting?.();
    };
    child.on('close', close).on('error', close);
  }

  static local(): VirshSession {
    return VirshSession.start(quietVirsh());
  }

  private static start([file, ...args]: Argv): VirshSession {
    // A group of its own, so that Ctrl-C on the terminal does not end it before its work is done.
    const env = { ...process.env, LC_ALL: 'C', TERM: 'dumb' };
    return new VirshSession(spawn(file, args, { cwd: '/', env, detached: true }));
  }

  /** What virsh printed for one command, within `deadline` milliseconds. Questions may not overlap. */
  async ask(command: string, deadline: number): Promise<string | Unknown> {
    this.questions += 1;
    const mark = `migrate-guard-${this.questions}`;
    this.output = '';
    const until = Date.now() + deadline;
    if (!this.closed) this.child.stdin.write(`${command}\necho ${mark}\n`);
    while (!this.output.includes(`\n${mark}`)) {
      const left = until - Date.now();
      if (this.closed) return { unknown: this.complaints.trim().split('\n').at(-1) ?? 'virsh ended' };
      if (left <= 0) return { unknown: `no answer within ${deadline / 1000} s` };
      await this.more(left);
    }
    const answer = this.output.slice(0, this.output.indexOf(`${prompt}echo ${mark}`));
    log('asked virsh', { command, answer: answer.slice(answer.indexOf('\n') + 1) });
    return answer.slice(answer.indexOf('\n') + 1).trim();
  }

  end(): void {
    this.child.stdin.end();
    // The whole group: runuser waits for the ssh that it started.
    if (this.child.pid === undefined || this.closed) return;
    try {
      process.kill(-this.child.pid, 'SIGKILL');
    } catch {
      this.child.kill('SIGKILL');
    }
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
