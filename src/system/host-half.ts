import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { Unknown } from '../core/facts';
import { asksDestination, type HostRequest } from '../core/host-request';
import { encodeLine, longestLine, readHostLine, type HostLine } from '../core/host-session';
import { Lines, tooLong } from '../core/lines';
import type { Command } from './isolated';
import { startPiped } from './piped-child';
import { onHost } from './virsh-and-ssh';

/** What the sudoers file on a host allows, to the letter (install.sh). */
const command = 'exec sudo -n /usr/lib/migrate-guard/migrate-guard host';
/** Milliseconds for ssh, sudo and Node to start over there. What they do then has deadlines of its own. */
const startDeadline = 30_000;
/** As OpenNebula's own connection for a migration (ssh_stream.rb): it is nobody else's, and nobody else's is this. */
const alone = ['ControlMaster=no', 'ControlPath=none'];
/** A connection that died is noticed within 15 s; the host half stands by until libvirt's job has ended. */
const keptAlive = ['ServerAliveInterval=5', 'ServerAliveCountMax=3'];
const options = [...alone, ...keptAlive];

/** Milliseconds. Why nothing more is said comes by another pipe than what is said. */
const lastWordsWait = 1000;
/** Characters of a whole conversation: ten times what an audit of thousands of VMs takes. */
const longestTalk = 64 * 1024 * 1024;
/** Enough of what a host complains about to see why. */
const longestComplaint = 16 * 1024;

/** One conversation with the root-only half on a host. */
export class HostHalf {
  private complaints = '';
  private heard = 0;
  private readonly lines: AsyncIterator<string>;
  private closed: Promise<unknown>;

  private constructor(private readonly child: ChildProcessWithoutNullStreams) {
    child.stdin.on('error', () => undefined);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (this.complaints.length < longestComplaint) this.complaints += text;
    });
    this.lines = linesOf(child.stdout);
    this.closed = new Promise((resolve) => child.on('close', resolve));
    child.on('error', ({ message }) => {
      this.complaints += `${message}\n`;
      child.stdout.destroy();
    });
  }

  /** On another host over ssh, or on this one. `connectTimeout` is in seconds. */
  static start(
    request: HostRequest,
    where: { readonly host: string; readonly user: string; readonly connectTimeout: number } | 'here',
  ): HostHalf {
    const agent = asksDestination(request) ? 'forwarded' : 'none';
    const started: Command =
      where === 'here' ? ['sh', '-c', command] : onHost({ ...where, options, agent }, command);
    const half = new HostHalf(startPiped(started, { cwd: '/', detached: true }));
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
      if (read.done === true) return { unknown: await this.lastComplaint() };
      // All of it is kept by who asks, and another host may say what it likes.
      this.heard += read.value.length;
      if (this.heard > longestTalk) return this.silenced();
      const line = readHostLine(read.value);
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
    this.closed = Promise.resolve();
    this.complaints += `${why}\n`;
    for (const stream of [this.child.stdin, this.child.stdout, this.child.stderr]) stream.destroy();
    this.child.unref();
  }

  private silenced(): Unknown {
    const unknown = 'it says more than any host has to say';
    this.abandon(unknown);
    return { unknown };
  }

  private async lastComplaint(): Promise<string> {
    const late = new AbortController();
    await Promise.race([this.closed, pause(lastWordsWait, undefined, late).catch(() => undefined)]);
    late.abort();
    return this.complaints.trim().split('\n').at(-1) || 'it ended without a word';
  }
}

/** The lines of a stream, until it ends or is destroyed. What is longer than any may be is left out, and not kept. */
async function* linesOf(stream: Readable): AsyncGenerator<string> {
  const lines = new Lines(longestLine);
  try {
    for await (const piece of stream) {
      for (const line of lines.take(piece as Buffer)) if (line !== tooLong) yield line;
    }
  } catch {
    // Destroyed, here or by what it came from: nothing more is heard, and the last complaint tells why.
    return;
  }
  const rest = lines.rest();
  if (rest !== undefined) yield rest;
}
