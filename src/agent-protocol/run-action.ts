import { exitCodes } from '../core/exit-codes';
import type { AgentRequest } from './model/request';
import type { FoundLine, AgentResult } from './model/messages';
import type { Settings } from '../config/settings';
import { isUnknown, type Unknown } from '../core/unknown';
import { message, textOf, type Message } from '../messages';
import { AgentConnection, type AgentTarget, type NotBegun } from './connection';

export interface HostAnswer {
  readonly end: AgentResult;
  /** What was done, in words. */
  readonly did: readonly string[];
  /** The deadline passed before it began to change anything. */
  readonly late?: true;
  /** The host said nothing more, and nobody knows how far it came. */
  readonly isLost?: true;
}

/** The agent of a host. */
export function agentOn(host: string, { ssh: { user, deadline } }: Settings): Exclude<AgentTarget, 'here'> {
  return { host, user, connectTimeout: deadline };
}

/** Why nobody listens to a host any more that takes this many seconds to get ready. */
export function notReady(deadline: number): string {
  return textOf('host-not-ready', { deadline });
}

/**
 * Has the root-only half on a host do what needs no mover; or tells why it cannot be reached or does not run. After
 * `deadline` milliseconds it is not listened to any more.
 */
export async function runAgentAction(
  request: AgentRequest,
  where: AgentTarget,
  deadline?: number,
  found: (line: FoundLine) => void = () => undefined,
): Promise<HostAnswer | NotBegun> {
  const connection = AgentConnection.start(request, where);
  const passed = new AbortController();
  const abandon = (milliseconds: number): void => {
    passed.abort();
    connection.abandon(textOf('no-answer-within', { seconds: milliseconds / 1000 }));
  };
  const late = deadline === undefined ? undefined : setTimeout(abandon, deadline, deadline);
  const did: string[] = [];
  let hasBegun = false;
  try {
    const notBegun = await connection.hello();
    if (notBegun) return { ...notBegun, unknown: whyNotBegun(notBegun).what };
    for (;;) {
      const line = await connection.next();
      if (isUnknown(line))
        return {
          end: endOfLostGuard(line),
          did,
          isLost: true,
          ...(passed.signal.aborted && !hasBegun ? { late: true } : {}),
        };
      if (line.kind === 'begins') hasBegun = true;
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
 * It ran, and nobody knows how far it came; on the host it may still be at work, whatever became of the connection. That
 * is no guard that cannot run: a VM that is half healed must not be moved.
 */
export function endOfLostGuard({ unknown }: Unknown): AgentResult {
  return {
    exit: exitCodes.undecided.status,
    result: 'undecided',
    ...message('guard-lost', { why: unknown }),
  };
}

/** The guard is for what OpenNebula deployed, and did nothing: that is no verdict on a VM that it imported. */
export function isForeign({ result }: AgentResult): boolean {
  return result === 'not-deployed';
}

/** What keeps the guard from running, with what its agent would have done about it. */
export function whyNotBegun(notBegun: NotBegun): Message {
  return notBegun.is === 'refused' ? refusalOf(notBegun.end) : { what: notBegun.unknown };
}

/** Of what keeps the guard from running: a agent of another release, a mistake in the configuration. */
export function refusalOf({ what, short, remedy }: Pick<AgentResult, 'what' | 'short' | 'remedy'>): Message {
  const reason = short === undefined ? { what } : { what, short };
  return remedy === undefined ? reason : message('with-remedy', { reason, remedy });
}
