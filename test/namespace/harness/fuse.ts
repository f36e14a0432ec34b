import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const server = join(__dirname, 'fuse.pl');

export type FuseMode = 'serve' | 'no-lookup' | 'no-read' | 'only-statfs';

/** A file system with one file, `disk.0`, that stops answering on command: storage that hangs. */
export class FuseMount {
  private readonly exited: Promise<unknown>;
  private readonly obeyed: (() => void)[] = [];
  private readonly requests: string[] = [];

  private constructor(private readonly child: ChildProcessWithoutNullStreams) {
    this.exited = once(child, 'close');
    child.stdin.on('error', () => undefined);
  }

  /** `pid`: a process in the mount namespace; `owner`: uid and gid of its one file. */
  static async mount(pid: number, path: string, owner = 9869): Promise<FuseMount> {
    const descriptor = openSync('/dev/fuse', 'r+');
    try {
      const options = 'fd=3,rootmode=40000,user_id=0,group_id=0,allow_other';
      const enter = [`--mount=/proc/${pid}/ns/mnt`, '--wdns=/', '--'];
      const mount = ['mount', '--internal-only', '-t', 'fuse', '-o', options, 'slow', path];
      const { status, stderr } = spawnSync('nsenter', [...enter, ...mount], {
        stdio: ['ignore', 'ignore', 'pipe', descriptor],
        encoding: 'utf8',
      });
      if (status !== 0) throw new Error(`mount ${path}: ${stderr}`);
      const argv = ['--pdeathsig', 'KILL', '--', 'perl', server, String(owner)];
      const child = spawn('setpriv', argv, { stdio: ['pipe', 'pipe', 'inherit', descriptor], cwd: '/' });
      const mounted = new FuseMount(child as unknown as ChildProcessWithoutNullStreams);
      await mounted.start();
      return mounted;
    } finally {
      // Only the server may keep it open: when the last process closes it, the kernel ends all waiting accesses.
      closeSync(descriptor);
    }
  }

  private start(): Promise<void> {
    const lines = createInterface({ input: this.child.stdout });
    lines.on('line', (line) => {
      if (line.startsWith('waiting ')) this.requests.push(line.slice('waiting '.length));
      else this.obeyed.shift()?.();
    });
    return this.obeys();
  }

  /** Sets the mode from now on; earlier requests that the mode allows are answered. */
  async set(mode: FuseMode): Promise<void> {
    const obeyed = this.obeys();
    this.child.stdin.write(`${mode}\n`);
    await obeyed;
  }

  /** The requests that were not answered when they came: the kernel's name for each, and the process. */
  get unanswered(): readonly string[] {
    return [...this.requests];
  }

  /**
   * Ends the file system; waiting accesses fail. Idempotent. Call it before a process ends that has the file open.
   */
  async end(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  private obeys(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.obeyed.push(resolve);
      void this.exited.then(() => reject(new Error('the file system has ended')));
    });
  }
}
