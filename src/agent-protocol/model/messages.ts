import type { DomainReport, Verdict } from '../../core/finding';
import type { AgentRequest } from './request';
import type { QemuCopy } from '../../hypervisor/model/qemu-copy';
import {
  readDomainReport,
  readJsonObject,
  readObject,
  readVerdict,
  oneOf,
  words,
} from '../../core/report-json';

/**
 * What the front-end half and the root-only half on a host say to each other: one JSON document per line. The
 * front-end begins with one request; the host answers, and for a move asks the front-end to run the mover.
 */

/** How an action ended. */
export interface AgentResult {
  /** As in core/exit-codes.ts. */
  readonly exit: number;
  readonly domain?: string;
  /**
   * The action's own word. Before it begins: `refused`; `busy`; `not-running`, when no such domain runs there;
   * `not-deployed`, when one does that OpenNebula did not deploy.
   */
  readonly result: string;
  readonly what: string;
  /** `what` in at most 69 characters, where it is longer (src/messages/message.ts); none from an older agent. */
  readonly short?: string | undefined;
  readonly remedy?: string | undefined;
  /** It succeeded, and `what` is something to be told all the same. */
  readonly warning?: true | undefined;
  /** Of what is no move: the action's own document. */
  readonly report?: unknown;
}

/** One domain of this host. */
export interface FoundLine {
  readonly kind: 'found';
  readonly report: DomainReport;
  /** Its verdict, where the report is of what would be. */
  readonly now?: Verdict;
  /** Missing where libvirt's files cannot be read, and from older agents. */
  readonly qemu?: QemuCopy;
}

export type AgentMessage =
  /** The first line: the agent runs, as root. */
  | { readonly kind: 'hello'; readonly version: string }
  /** From now on it changes something: who hears nothing more of it must not go on without it. */
  | { readonly kind: 'begins' }
  | { readonly kind: 'did'; readonly action: string; readonly what: string }
  | FoundLine
  /** All is ready: run the mover now. */
  | { readonly kind: 'move' }
  /** The mover does not end, although libvirt's job has: send it this. */
  | { readonly kind: 'kill'; readonly signal: 'SIGTERM' | 'SIGKILL' }
  | ({ readonly kind: 'end' } & AgentResult);

/** The front-end's answer to `move`. `exit` is `null` for a mover that a signal ended. */
export interface MoverEnded {
  readonly kind: 'moved';
  readonly exit: number | null;
}

/**
 * In bytes: longer than any line that either half writes; the longest ones tell of every VM of a host, or hold a map of
 * links. What is longer is no line, and is not kept.
 */
export const maxLineChars = 4 * 1024 * 1024;

export function encodeLine(line: AgentMessage | AgentRequest | MoverEnded): string {
  return `${JSON.stringify(line)}\n`;
}

/** `undefined` for anything that is no line of a agent: a banner, a shell's complaint. */
export function parseAgentMessage(text: string): AgentMessage | undefined {
  const line = readJsonObject(text);
  if (!line) return undefined;
  const { version, action, what, result } = words(line, ['version', 'action', 'what', 'result']);
  switch (line.get('kind')) {
    case 'hello':
      return version === undefined ? undefined : { kind: 'hello', version };
    case 'begins':
      return { kind: 'begins' };
    case 'did':
      return action === undefined || what === undefined ? undefined : { kind: 'did', action, what };
    case 'found': {
      const [report, now] = [readDomainReport(line.get('report')), readVerdict(line.get('now'))];
      const qemu = readCopy(line.get('qemu'));
      return report && { kind: 'found', report, ...(now ? { now } : {}), ...(qemu ? { qemu } : {}) };
    }
    case 'move':
      return { kind: 'move' };
    case 'kill': {
      const signal = oneOf(['SIGTERM', 'SIGKILL'], line.get('signal'));
      return signal && { kind: 'kill', signal };
    }
    case 'end': {
      const [exit, report] = [line.get('exit'), line.get('report')];
      if (!isExitStatus(exit) || what === undefined || result === undefined) return undefined;
      return {
        kind: 'end',
        exit,
        result,
        what,
        ...words(line, ['domain', 'short', 'remedy']),
        ...(line.get('warning') === true ? { warning: true } : {}),
        ...(report === undefined ? {} : { report }),
      };
    }
    default:
      return undefined;
  }
}

function readCopy(value: unknown): QemuCopy | undefined {
  const given = readObject(value);
  const paths = given?.get('paths');
  if (!given || !Array.isArray(paths)) return undefined;
  return {
    ...words(given, ['state']),
    ...(given.get('isArriving') === true ? { isArriving: true } : {}),
    ...(given.get('isGone') === true ? { isGone: true } : {}),
    paths: paths.filter((path) => typeof path === 'string'),
  };
}

export function readMoverEnded(text: string): MoverEnded | undefined {
  const line = readJsonObject(text);
  const exit = line?.get('exit');
  if (line?.get('kind') !== 'moved') return undefined;
  return exit === null || isExitStatus(exit) ? { kind: 'moved', exit } : undefined;
}

function isExitStatus(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 255;
}
