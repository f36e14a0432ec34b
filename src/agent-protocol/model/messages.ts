import type { DomainReport, Verdict } from '../../core/finding';
import type { AgentRequest } from './request';
import { readDiskPlaces, type DiskPlace } from '../../hypervisor/model/disk-place';
import type { QemuCopy } from '../../hypervisor/model/qemu-copy';
import {
  readDomainReport,
  readJsonObject,
  readObject,
  readVerdict,
  oneOf,
  stringsIn,
} from '../../core/report-json';

/**
 * The protocol between the front-end and the agent on a host: one JSON document per line. The front-end starts with
 * one request; the agent answers, and for a move asks the front-end to run the mover.
 */

/** The result of an action. */
export interface AgentResult {
  /** An exit code of core/exit-codes.ts. */
  readonly exit: number;
  readonly domain?: string;
  /**
   * The name of the action's result. Before it begins: `refused`; `busy`; `not-running`, when no such domain runs
   * there; `not-deployed`, when the domain runs, but OpenNebula did not deploy it.
   */
  readonly result: string;
  readonly what: string;
  /** `what` in at most 69 characters, where it is longer (src/messages/message.ts); missing from an older agent. */
  readonly short?: string | undefined;
  readonly remedy?: string | undefined;
  /** The action succeeded, and `what` is a warning. */
  readonly warning?: true | undefined;
  /** The JSON report of an action that is not a move. */
  readonly report?: unknown;
  /** Of `prepare` and `heal`, unless an error ended them: the local disks of the domain, as it was when they began. */
  readonly disks?: readonly DiskPlace[];
}

/** One domain of this host. */
export interface FoundLine {
  readonly kind: 'found';
  readonly report: DomainReport;
  /** Its present verdict, where the report is a forecast. */
  readonly now?: Verdict;
  /** Missing where libvirt's files cannot be read, and from older agents. */
  readonly qemu?: QemuCopy;
}

export type AgentMessage =
  /** The first message: the agent runs, as root. */
  | { readonly kind: 'hello'; readonly version: string }
  /** From now on the agent changes something: a front-end that loses the connection must not continue without it. */
  | { readonly kind: 'begins' }
  | { readonly kind: 'did'; readonly action: string; readonly what: string }
  | FoundLine
  /** The domain is ready: run the mover now. */
  | { readonly kind: 'move' }
  /** The mover does not end, although libvirt's job has ended: send it this signal. */
  | { readonly kind: 'kill'; readonly signal: 'SIGTERM' | 'SIGKILL' }
  | ({ readonly kind: 'end' } & AgentResult);

/** The front-end's answer to `move`. `exit` is `null` for a mover that a signal ended. */
interface MoverEnded {
  readonly kind: 'moved';
  readonly exit: number | null;
}

/**
 * Bytes: longer than any line that either side writes; the longest ones list every VM of a host, or hold a map of
 * links. Longer lines are discarded.
 */
export const maxLineBytes = 4 * 1024 * 1024;

export function encodeLine(line: AgentMessage | AgentRequest | MoverEnded): string {
  return `${JSON.stringify(line)}\n`;
}

/** `undefined` for anything that is not a message of an agent: a banner, an error of a shell. */
export function parseAgentMessage(text: string): AgentMessage | undefined {
  const line = readJsonObject(text);
  if (!line) return undefined;
  const { version, action, what, result } = stringsIn(line, ['version', 'action', 'what', 'result']);
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
      const disks = readDiskPlaces(line.get('disks'));
      if (!isExitStatus(exit) || what === undefined || result === undefined) return undefined;
      return {
        kind: 'end',
        exit,
        result,
        what,
        ...stringsIn(line, ['domain', 'short', 'remedy']),
        ...(line.get('warning') === true ? { warning: true } : {}),
        ...(report === undefined ? {} : { report }),
        ...(disks === undefined ? {} : { disks }),
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
    ...stringsIn(given, ['state']),
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
