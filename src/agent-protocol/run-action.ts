import { messageOf, type Reason } from '../core/errors';
import { exitCodes } from '../core/exit-codes';
import type { AgentRequest } from './model/request';
import type { FoundLine, AgentResult } from './model/messages';
import type { Settings } from '../config/settings';
import { isUnknown, type Unknown } from '../core/unknown';
import { message, textOf, type Message } from '../messages';
import { AgentConnection, type AgentTarget, type NotStarted } from './connection';

export interface HostAnswer {
  readonly end: AgentResult;
  /** The actions so far, as text. */
  readonly did: readonly string[];
  /** The deadline passed before the agent began to change anything. */
  readonly late?: true;
  /** The connection ended early: it is unknown how far the action came. */
  readonly isLost?: true;
}

/** The agent of a host. */
export function agentOn(host: string, { ssh: { user, deadline } }: Settings): Exclude<AgentTarget, 'here'> {
  return { host, user, connectTimeout: deadline };
}

/** Why the agent was given up after this many seconds, before it was ready. */
export function notReady(deadline: number): string {
  return textOf('host-not-ready', { deadline });
}

/**
 * Runs an action that needs no mover through the agent on a host, or returns why the agent cannot be reached or does
 * not run. It is given up after `deadline` milliseconds.
 */
export async function runAgentAction(
  request: AgentRequest,
  where: AgentTarget,
  deadline?: number,
  found: (line: FoundLine) => void = () => undefined,
): Promise<HostAnswer | NotStarted> {
  const connection = AgentConnection.start(request, where);
  const passed = new AbortController();
  const abandon = (milliseconds: number): void => {
    passed.abort();
    connection.abandon(textOf('no-answer-within', { seconds: milliseconds / 1000 }));
  };
  const late = deadline === undefined ? undefined : setTimeout(abandon, deadline, deadline);
  const did: string[] = [];
  let mayHaveChanged = false;
  try {
    const notStarted = await connection.hello();
    if (notStarted) return { ...notStarted, unknown: whyNotStarted(notStarted).what };
    for (;;) {
      const line = await connection.next();
      if (isUnknown(line))
        return {
          end: endOfLostGuard(line),
          did,
          isLost: true,
          ...(passed.signal.aborted && !mayHaveChanged ? { late: true } : {}),
        };
      if (line.kind === 'begins') mayHaveChanged = true;
      if (line.kind === 'did') did.push(`${line.action}: ${line.what}`);
      if (line.kind === 'found') found(line);
      if (line.kind === 'end') return { end: line, did };
    }
  } finally {
    clearTimeout(late);
    connection.end();
  }
}

/**
 * The agent started and the connection dropped: the state is unknown, and the agent may still be at work. That does
 * not count as a guard that cannot run: a VM that is half healed must not be moved.
 */
export function endOfLostGuard({ unknown }: Unknown): AgentResult {
  return {
    exit: exitCodes.undecided.status,
    result: 'undecided',
    ...message('guard-lost', { why: unknown }),
  };
}

/** The guard is for domains that OpenNebula deployed, and did nothing: this is not a verdict on an imported VM. */
export function isForeign({ result }: AgentResult): boolean {
  return result === 'not-deployed';
}

/** Why the guard cannot run, with the remedy that its agent would have suggested. */
export function whyNotStarted(notStarted: NotStarted): Message {
  return notStarted.is === 'refused' ? refusalOf(notStarted.end) : { what: notStarted.unknown };
}

/** Reasons such as an agent of another release, or a mistake in the configuration. */
export function refusalOf({ what, short, remedy }: Reason): Message {
  const reason = messageOf({ what, short });
  return remedy === undefined ? reason : message('with-remedy', { reason, remedy });
}
