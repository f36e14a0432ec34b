import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { inTree } from '../../lab/harness/debian-tree';
import type { Release } from './debian-release';

const standIn = join(__dirname, 'fake-qemu.pl');
const init = join(__dirname, 'namespace-stage-init.sh');
const startDeadline = 120_000;

/** A process inside a mount namespace that executes the commands of fake-qemu.pl. */
export class Servant {
  private readonly waiting: ((answer: string | Error) => void)[] = [];
  private complaints = '';
  private readonly exited: Promise<unknown>;

  private constructor(
    private readonly child: ChildProcessWithoutNullStreams,
    lines: Interface,
  ) {
    this.exited = once(child, 'close');
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.complaints += text));
    child.stdin.on('error', () => undefined);
    lines.on('line', (line) => this.waiting.shift()?.(line));
    lines.on('close', () => {
      for (const answer of this.waiting.splice(0)) answer(new Error(`the servant ended: ${this.complaints}`));
    });
  }

  /**
   * `role`: whether the namespace gets the file trees of a host or of a QEMU, or stays as it is. `within`: the pid of
   * a process in whose namespace it starts; by default this process's. `release`: the files of the namespace, if not
   * this machine's own.
   */
  static async start(
    role: 'host' | 'qemu' | 'guest',
    argv: readonly string[] = [],
    within?: number,
    release?: Release,
  ): Promise<Servant> {
    const enter = within === undefined ? [] : ['nsenter', `--mount=/proc/${within}/ns/mnt`, '--'];
    const apart = ['unshare', '--mount', '--propagation', 'private'];
    const become = release ? inTree(release.tree, release.shown) : [];
    const make = role === 'guest' ? [] : [...apart, ...become, 'sh', init, role];
    // Every program here is replaced by the next one, so the pid stays; the kernel kills it when this process dies.
    const chain = ['--pdeathsig', 'KILL', '--', ...enter, ...make, 'perl', standIn, ...argv];
    const child = spawn('setpriv', chain, { cwd: '/' });
    const servant = new Servant(child, createInterface({ input: child.stdout }));
    const deadline = setTimeout(() => child.kill('SIGKILL'), startDeadline);
    try {
      await servant.answer();
    } finally {
      clearTimeout(deadline);
    }
    return servant;
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('the servant did not start');
    return this.child.pid;
  }

  /** Sends one command; returns its answer. Several may be pending; they are answered in order. */
  ask(verb: string, ...args: readonly (string | number | Buffer)[]): Promise<string> {
    const words = args.map((argument) => {
      const bytes = Buffer.isBuffer(argument) ? argument : Buffer.from(String(argument));
      return `x${bytes.toString('hex')}`;
    });
    const answer = this.answer();
    this.child.stdin.write(`${[verb, ...words].join(' ')}\n`);
    return answer;
  }

  /** Like ask, but throws if the command fails. */
  async tell(verb: string, ...args: readonly (string | number | Buffer)[]): Promise<void> {
    const answer = await this.ask(verb, ...args);
    if (answer !== 'ok') throw new Error(`${verb} ${args.join(' ')}: ${answer}`);
  }

  /** Kills it and waits until the kernel has removed it. Idempotent. */
  async end(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  private async answer(): Promise<string> {
    const answer = await new Promise<string | Error>((resolve) => this.waiting.push(resolve));
    if (answer instanceof Error) throw answer;
    return answer;
  }
}
