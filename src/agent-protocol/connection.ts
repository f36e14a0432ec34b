import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { asksDestination, type AgentRequest } from './model/request';
import {
  encodeLine,
  maxLineBytes,
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

/** The exact command that the sudoers file on a host allows (install.sh). */
const command = 'exec sudo -n /usr/lib/migrate-guard/migrate-guard host';
/** Deadline in milliseconds for ssh, sudo and Node to start on the host. The actions have their own deadlines. */
const startDeadlineMs = 30_000;
/** A lost connection is noticed within 15 s; the agent continues its standby until libvirt's job has ended. */
const options = [...ownConnection, 'ServerAliveInterval=5', 'ServerAliveCountMax=3'];

/** Milliseconds to wait for stderr after stdout has ended: the reason of the end arrives by the other pipe. */
const stderrDrainTimeoutMs = 1000;
/** Characters of a whole session: ten times what an audit of thousands of VMs takes. */
const maxConversationChars = 64 * 1024 * 1024;
/** Characters of stderr that are kept: enough to see the reason. */
const keptStderrChars = 16 * 1024;

/** ssh's own exit status when it could not connect. */
const notReached = 255;

/** The root-only agent, of another host over ssh or of this one. */
export type AgentTarget = Pick<SshTarget, 'host' | 'user' | 'connectTimeout'> | 'here';

/**
 * Why an agent does not start: its host does not answer; the host answers, but the agent does not run; or it runs,
 * but does not do this, because it is of another release.
 */
export type NotStarted = Unknown &
  ({ readonly is: 'unreached' | 'broken' } | { readonly is: 'refused'; readonly end: AgentResult });

/** One session with the agent on a host. Only this class knows the command that starts it and the protocol. */
export class AgentConnection {
  private complaints = '';
  private receivedChars = 0;
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

  /**
   * Waits for its first message, which proves that it runs as root.
   * @returns why it does not start
   */
  async hello(): Promise<NotStarted | undefined> {
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

  /** The next message, or the reason why there is none. Other output, such as a banner, is skipped. */
  async next(): Promise<AgentMessage | Unknown> {
    for (;;) {
      const read = await this.lines.next();
      if (read.done === true) return { unknown: await this.lastComplaint() };
      // Bounded, because the caller keeps all messages, and another host may send anything.
      this.receivedChars += read.value.length;
      if (this.receivedChars > maxConversationChars) return this.silenced();
      const line = parseAgentMessage(read.value);
      if (line) return line;
    }
  }

  /** Sends the mover's result. */
  moved(exit: number | null): void {
    this.child.stdin.write(encodeLine({ kind: 'moved', exit }));
  }

  end(): void {
    this.child.stdin.end();
    this.child.unref();
  }

  /** Stops reading and ends the connection. The agent, which runs as root on the host, ends by itself. */
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
    // The reason may be surrounded by a banner of ssh, or by our own remedy.
    const ours = lines.find((line) => /^(migrate-guard|sudo):/.test(line));
    return ours ?? (lines.at(-1) || textOf('agent-silent'));
  }

  /** Whether the host has answered, by the stderr of an agent that sent no message. */
  private isReached({ unknown }: Unknown): boolean {
    const { exitCode } = this.child;
    const isConnected = exitCode !== null && exitCode >= 0 && exitCode !== notReached;
    return isConnected && !unknown.startsWith('runuser:');
  }
}

/** The lines of a stream, until it ends or is destroyed. Lines over the limit are discarded. */
async function* linesOf(stream: Readable): AsyncGenerator<string> {
  const lines = new Lines(maxLineBytes);
  try {
    for await (const piece of stream) {
      for (const line of lines.take(piece as Buffer)) if (line !== tooLong) yield line;
    }
  } catch {
    // The stream was destroyed, here or by its source: no more lines follow, and stderr has the reason.
    return;
  }
  const rest = lines.rest();
  if (rest !== undefined) yield rest;
}
