import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import type { Unknown } from '../core/facts';
import { encodeLine, longestLine, readHostLine, type HostLine, type HostRequest } from '../core/host-session';
import { onHost, type Argv } from './virsh-and-ssh';

/** What the sudoers file on a host allows, to the letter (install.sh). */
const command = 'exec sudo -n /usr/lib/migrate-guard/migrate-guard host';
/** Milliseconds for ssh, sudo and Node to start over there. What they do then has deadlines of its own. */
const startDeadline = 30_000;
/** As OpenNebula's own connection for a migration (ssh_stream.rb). */
const forwarding = ['ForwardAgent=yes', 'ControlMaster=no', 'ControlPath=none'];
/** A connection that died is noticed within 15 s; the host half stands by until libvirt's job has ended. */
const keptAlive = ['ServerAliveInterval=5', 'ServerAliveCountMax=3'];
const sshOptions = [...forwarding, ...keptAlive].flatMap((option) => ['-o', option]);

/** Enough of what a host complains about to see why. */
const longestComplaint = 16 * 1024;

/** One conversation with the root-only half on a host. */
export class HostHalf {
  private complaints = '';
  private readonly input: Interface;
  private readonly lines: AsyncIterator<string>;

  private constructor(private readonly child: ChildProcessWithoutNullStreams) {
    child.stdin.on('error', () => undefined);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (this.complaints.length < longestComplaint) this.complaints += text;
    });
    this.input = createInterface({ input: child.stdout });
    this.lines = this.input[Symbol.asyncIterator]();
    child.on('error', ({ message }) => {
      this.complaints += `${message}\n`;
      this.input.close();
    });
  }

  /** On another host over ssh, or on this one. `connectTimeout` is in seconds. */
  static start(
    request: HostRequest,
    where: { readonly host: string; readonly user: string; readonly connectTimeout: number } | 'here',
  ): HostHalf {
    const [file, ...args]: Argv =
      where === 'here' ? ['sh', '-c', command] : onHost({ ...where, options: sshOptions }, command);
    const half = new HostHalf(spawn(file, args, { cwd: '/', detached: true }));
    half.child.stdin.write(encodeLine(request));
    return half;
  }

  /** Its first word, by which it shows that it runs as root; or why there is none. */
  async hello(): Promise<HostLine | Unknown> {
    const timer = setTimeout(() => {
      this.abandon(`it did not start within ${startDeadline / 1000} s`);
    }, startDeadline);
    try {
      return await this.next();
    } finally {
      clearTimeout(timer);
    }
  }

  /** What it says next; or why it says nothing more. What is no line of its own is left out. */
  async next(): Promise<HostLine | Unknown> {
    for (;;) {
      const read = await this.lines.next();
      if (read.done === true) return { unknown: this.lastComplaint() };
      const line = read.value.length > longestLine ? undefined : readHostLine(read.value);
      if (line) return line;
    }
  }

  /** Tells it how the mover ended. */
  moved(exit: number | null): void {
    this.child.stdin.write(encodeLine({ kind: 'moved', exit }));
  }

  end(): void {
    this.child.stdin.end();
    this.child.unref();
  }

  /** Hears nothing more of it. What runs as root over there ends by itself. */
  abandon(why = 'it did not answer in time'): void {
    this.complaints += `${why}\n`;
    // A stream that is destroyed does not end: only this tells who waits for the next line.
    this.input.close();
    for (const stream of [this.child.stdin, this.child.stdout, this.child.stderr]) stream.destroy();
    this.child.unref();
  }

  private lastComplaint(): string {
    return this.complaints.trim().split('\n').at(-1) || 'it ended without a word';
  }
}
