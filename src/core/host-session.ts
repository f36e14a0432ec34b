import type { DomainReport, Verdict } from './finding';
import type { LinkChange } from './relink';
import { readDomainReport, readObject, readVerdict } from './report-reader';

/**
 * What the front-end half and the root-only half on a host say to each other: one JSON document per line. The
 * front-end begins with one request; the host answers, and for a move asks the front-end to run the mover.
 */

export const hostActions = [
  'migrate',
  'save',
  'prepare',
  'repair',
  'reset',
  'heal',
  'probe',
  'audit',
  'foresee',
  'state',
] as const;
export type HostAction = (typeof hostActions)[number];

export interface HostRequest {
  /** Of the half that asks. Halves of different releases do not talk to each other. */
  readonly version: string;
  readonly action: HostAction;
  /** The deploy id: `one-310`, `310` or a UUID. */
  readonly domain?: string;
  readonly destination?: string;
  /** Whether the disks' paths have to exist there already: so on shared storage, once it is attached. */
  readonly checkDestination?: boolean;
  /** Only say what would be done. */
  readonly dryRun?: boolean;
  /** Of `foresee`: the links that would point elsewhere. */
  readonly changes?: readonly LinkChange[];
}

/** How an action ended. */
export interface HostEnd {
  /** As in core/exit-codes.ts. */
  readonly exit: number;
  readonly domain?: string;
  readonly result: string;
  readonly what: string;
  readonly remedy?: string;
  /** Of what is no move: the action's own document. */
  readonly report?: unknown;
}

export type HostLine =
  /** The first line: the host half runs, as root. */
  | { readonly kind: 'hello'; readonly version: string }
  | { readonly kind: 'did'; readonly action: string; readonly what: string }
  /** One domain of this host. `now`: its verdict, where the report is of what would be. */
  | { readonly kind: 'found'; readonly report: DomainReport; readonly now?: Verdict }
  /** All is ready: run the mover now. */
  | { readonly kind: 'move' }
  /** The mover does not end, although libvirt's job has: send it this. */
  | { readonly kind: 'kill'; readonly signal: 'SIGTERM' | 'SIGKILL' }
  | ({ readonly kind: 'end' } & HostEnd);

/** The front-end's answer to `move`. `exit` is `null` for a mover that a signal ended. */
export interface MoverEnded {
  readonly kind: 'moved';
  readonly exit: number | null;
}

/**
 * In bytes: longer than any line that either half writes; the longest ones tell of every VM of a host, or hold a map of
 * links. What is longer is no line, and is not kept.
 */
export const longestLine = 4 * 1024 * 1024;

export function encodeLine(line: HostLine | HostRequest | MoverEnded): string {
  return `${JSON.stringify(line)}\n`;
}

/** `undefined` for anything that is no line of a host half: a banner, a shell's complaint. */
export function readHostLine(text: string): HostLine | undefined {
  const line = readLine(text);
  const word = (key: string): string | undefined => {
    const value = line?.get(key);
    return typeof value === 'string' ? value : undefined;
  };
  const [version, action, what, result] = [word('version'), word('action'), word('what'), word('result')];
  const [exit, domain, remedy] = [line?.get('exit'), word('domain'), word('remedy')];
  switch (line?.get('kind')) {
    case 'hello':
      return version === undefined ? undefined : { kind: 'hello', version };
    case 'did':
      return action === undefined || what === undefined ? undefined : { kind: 'did', action, what };
    case 'found': {
      const [report, now] = [readDomainReport(line.get('report')), readVerdict(line.get('now'))];
      return report && { kind: 'found', report, ...(now ? { now } : {}) };
    }
    case 'move':
      return { kind: 'move' };
    case 'kill': {
      const signal = word('signal');
      return signal === 'SIGTERM' || signal === 'SIGKILL' ? { kind: 'kill', signal } : undefined;
    }
    case 'end': {
      if (!isExitStatus(exit)) return undefined;
      if (what === undefined || result === undefined) return undefined;
      const report = line.get('report');
      return {
        kind: 'end',
        exit,
        result,
        what,
        ...(domain === undefined ? {} : { domain }),
        ...(remedy === undefined ? {} : { remedy }),
        ...(report === undefined ? {} : { report }),
      };
    }
    default:
      return undefined;
  }
}

export function readMoverEnded(text: string): MoverEnded | undefined {
  const line = readLine(text);
  const exit = line?.get('exit');
  if (line?.get('kind') !== 'moved') return undefined;
  return exit === null || isExitStatus(exit) ? { kind: 'moved', exit } : undefined;
}

function isExitStatus(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 255;
}

/** @returns the request, or what is wrong with it. Nothing of it has been compared with what exists. */
export function readRequest(text: string): HostRequest | string {
  const line = readLine(text);
  if (!line) return 'the request is no JSON object on one line';
  const known = ['version', 'action', 'domain', 'destination', 'checkDestination', 'dryRun', 'changes'];
  const foreign = [...line.keys()].find((key) => !known.includes(key));
  if (foreign !== undefined) return `the request has an unknown key ${quoted(foreign)}`;
  const version = line.get('version');
  if (typeof version !== 'string') return 'the request names no version';
  const action = hostActions.find((name) => name === line.get('action'));
  if (!action) return `the request names no action: one of ${hostActions.join(', ')}`;
  const [domain, destination] = [line.get('domain'), line.get('destination')];
  if (domain !== undefined && typeof domain !== 'string') return 'the domain is no text';
  if (domain !== undefined && !isDeployId(domain)) {
    return `${quoted(domain)} is no deploy id of OpenNebula: one-310, 310 or a UUID`;
  }
  if (destination !== undefined && typeof destination !== 'string') return 'the destination is no text';
  for (const key of ['checkDestination', 'dryRun']) {
    const value = line.get(key);
    if (value !== undefined && typeof value !== 'boolean') return `${key} is neither true nor false`;
  }
  const changes = line.has('changes') ? readChanges(line.get('changes')) : undefined;
  if (typeof changes === 'string') return changes;
  return {
    version,
    action,
    ...(changes ? { changes } : {}),
    ...(domain === undefined ? {} : { domain }),
    ...(destination === undefined ? {} : { destination }),
    checkDestination: line.get('checkDestination') === true,
    dryRun: line.get('dryRun') === true,
  };
}

function readChanges(value: unknown): LinkChange[] | string {
  if (!Array.isArray(value)) return 'changes is no list';
  const changes: LinkChange[] = [];
  for (const [index, given] of value.entries()) {
    const [link, target] = ['link', 'target'].map((key) => readObject(given)?.get(key));
    if (typeof link !== 'string' || !link.startsWith('/') || typeof target !== 'string' || target === '')
      return `changes[${index}] is no link with a target`;
    changes.push({ link, target });
  }
  return changes;
}

/** Enough of it to recognise: what is refused may be as long as its sender likes. */
function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}

/** What OpenNebula gives a domain that it deploys. */
export function isDeployId(word: string): boolean {
  return /^(one-)?[0-9]{1,10}$/.test(word) || /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(word);
}

function readLine(text: string): ReadonlyMap<string, unknown> | undefined {
  try {
    return readObject(JSON.parse(text));
  } catch {
    return undefined;
  }
}
