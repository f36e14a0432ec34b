import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { asksDestination, type AgentRequest } from './model/request';
import {
  encodeLine,
  maxLineChars,
  parseAgentMessage,
  type AgentResult,
  type AgentMessage,
} from './model/messages';
import { Lines, tooLong } from '../os/model/line-splitter';
import { isUnknown, type Unknown } from '../core/unknown';
import { textOf } from '../messages';
import { leave, signalGroup, startLasting, type LastingChild } from '../os/child-process';
import type { Command } from '../os/isolated';
import { onHost, ownConnection, type SshTarget } from '../os/ssh';

/** What the sudoers file on a host allows, to the letter (install.sh). */
const command = 'exec sudo -n /usr/lib/migrate-guard/migrate-guard host';
/** Milliseconds for ssh, sudo and Node to start over there. What they do then has deadlines of its own. */
const startDeadlineMs = 30_000;
/** A connection that died is noticed within 15 s; the agent stands by until libvirt's job has ended. */
const options = [...ownConnection, 'ServerAliveInterval=5', 'ServerAliveCountMax=3'];

/** Milliseconds. Why nothing more is said comes by another pipe than what is said. */
const stderrDrainTimeoutMs = 1000;
/** Characters of a whole conversation: ten times what an audit of thousands of VMs takes. */
const maxConversationChars = 64 * 1024 * 1024;
/** Enough of what a host complains about to see why. */
const keptStderrChars = 16 * 1024;

/** ssh's own status when it did not even get there. */
const notReached = 255;

/** The agent, the root-only half, of another host over ssh, or of this one. */
export type AgentTarget = Pick<SshTarget, 'host' | 'user' | 'connectTimeout'> | 'here';

/**
 * Why an agent does not begin: its host does not answer; the host answers, and the agent does not run; or it runs, and
 * does not do this, as one of another release.
 */
export type NotBegun = Unknown &
  ({ readonly is: 'unreached' | 'broken' } | { readonly is: 'refused'; readonly end: AgentResult });

/** One conversation with the agent on a host: the one place that knows its door, and how it speaks. */
export class AgentConnection {
  private complaints = '';
  private heard = 0;
  private readonly lines: AsyncIterator<string>;
  private closed: Promise<unknown>;

  private constructor(
    private readonly child: LastingChild,
    private readonly where: AgentTarget,
  ) {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (this.complaints.length < keptStderrChars) this.complaints += text;
    });
    this.lines = linesOf(child.stdout);
    this.closed = new Promise((resolve) => child.on('close', resolve));
    child.on('error', ({ message }) => {
      this.complaints += `${message}\n`;
      child.stdout.destroy();
    });
  }

  static start(request: AgentRequest, where: AgentTarget): AgentConnection {
    const agent = asksDestination(request) ? 'forwarded' : 'none';
    const started: Command =
      where === 'here' ? ['sh', '-c', command] : onHost({ ...where, options, agent }, command);
    const connection = new AgentConnection(startLasting(started), where);
    connection.child.stdin.write(encodeLine(request));
    return connection;
  }

  /** Waits for its first word, by which it shows that it runs as root. Gives why it does not begin. */
  async hello(): Promise<NotBegun | undefined> {
    const timer = setTimeout(() => {
      this.abandon(textOf('agent-not-started', { seconds: startDeadlineMs / 1000 }));
    }, startDeadlineMs);
    try {
      const first = await this.next();
      if (isUnknown(first)) return { is: this.isReached(first) ? 'broken' : 'unreached', ...first };
      if (first.kind === 'hello') return undefined;
      if (first.kind === 'end') return { is: 'refused', unknown: first.what, end: first };
      return { is: 'broken', unknown: textOf('agent-first-message', { kind: first.kind }) };
    } finally {
      clearTimeout(timer);
    }
  }

  /** What it says next; or why it says nothing more. What is no line of its own is left out. */
  async next(): Promise<AgentMessage | Unknown> {
    for (;;) {
      const read = await this.lines.next();
      if (read.done === true) return { unknown: await this.lastComplaint() };
      // All of it is kept by who asks, and another host may say what it likes.
      this.heard += read.value.length;
      if (this.heard > maxConversationChars) return this.silenced();
      const line = parseAgentMessage(read.value);
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

  /** Hears nothing more of it, and ends the connection. What runs as root over there ends by itself. */
  abandon(why: string): void {
    this.closed = Promise.resolve();
    this.complaints = `${why}\n`;
    if (this.where !== 'here') signalGroup(this.child, 'SIGKILL');
    leave(this.child);
  }

  private silenced(): Unknown {
    const unknown = textOf('agent-too-long', { limit: maxConversationChars / 1024 / 1024 });
    this.abandon(unknown);
    return { unknown };
  }

  private async lastComplaint(): Promise<string> {
    const late = new AbortController();
    await Promise.race([this.closed, pause(stderrDrainTimeoutMs, undefined, late).catch(() => undefined)]);
    late.abort();
    const lines = this.complaints.trim().split('\n');
    // A banner of ssh, or our own remedy, may stand around what matters.
    const ours = lines.find((line) => /^(migrate-guard|sudo):/.test(line));
    return ours ?? (lines.at(-1) || textOf('agent-silent'));
  }

  /** Whether the host has answered, of an agent that has said nothing. */
  private isReached({ unknown }: Unknown): boolean {
    const { exitCode } = this.child;
    const isConnected = exitCode !== null && exitCode >= 0 && exitCode !== notReached;
    return isConnected && !unknown.startsWith('runuser:');
  }
}

/** The lines of a stream, until it ends or is destroyed. What is longer than any may be is left out, and not kept. */
async function* linesOf(stream: Readable): AsyncGenerator<string> {
  const lines = new Lines(maxLineChars);
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
