import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../harness';

/** A terminal at which root has started a command in another mount namespace, as nsenter(1) enters it. */
export class TerminalOf {
  private text = '';
  /** The exit status of the command, and all text on its terminal. */
  readonly ended: Promise<{ readonly exit: number | null; readonly shown: string }>;

  private constructor(
    private readonly child: ChildProcessWithoutNullStreams,
    directory: string,
  ) {
    child.stdout.setEncoding('utf8').on('data', (piece: string) => (this.text += piece));
    this.ended = new Promise((resolve) =>
      child.on('close', (exit) => {
        rmSync(directory, { recursive: true, force: true });
        resolve({ exit, shown: this.text });
      }),
    );
  }

  /** Root's shell has additional variables, and two descriptors of files that only root may read. */
  static root(enter: readonly string[], words: readonly string[]): TerminalOf {
    const directory = mkdtempSync(join(tmpdir(), 'migrate-guard-terminal-'));
    // `script` accepts a shell command as one string, not as words.
    const start = join(directory, 'start');
    const command = ['nsenter', ...enter, '--', ...words].map((word) => `'${word}'`).join(' ');
    const variables = 'export ROOTS_SECRET=x SSH_AUTH_SOCK=/root/agent';
    writeFileSync(start, `${variables}\nexec 9</etc/shadow 63</etc/shadow\n${command}\n`);
    const script = ['--quiet', '--return', '--flush', '--command', `bash ${start}`, '/dev/null'];
    return new TerminalOf(spawn('script', script, { cwd: '/' }), directory);
  }

  press(keys: string): void {
    this.child.stdin.write(keys);
  }

  /** The words of a file, as soon as there are any. */
  hasWritten(file: string): Promise<string[]> {
    const words = (): string[] | false => {
      const text = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
      return text !== '' && text.split(/\s+/);
    };
    return until(words, { what: `${file} is written`, deadline: 60_000, evidence: () => this.text });
  }
}

/** A machine shares the process namespace of the real one. */
export function hasEnded(pid: number): Promise<boolean> {
  return until(() => !existsSync(`/proc/${pid}`), { what: `process ${pid} ends`, evidence: () => pid });
}
