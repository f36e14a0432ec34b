import { failureOf, type Failure } from '../../core/errors';
import { message, textOf, type Message } from '../../messages';
import { isUuid } from '../../hypervisor/model/domain-name';
import type { LinkChange } from '../../relink/model/link-map';
import { readJsonObject, readObject } from '../../core/report-json';

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

export interface AgentRequest {
  /** Of the half that asks. Halves of different releases do not talk to each other. */
  readonly version: string;
  readonly action: HostAction;
  /** The deploy id: `one-310`, `310` or a UUID. */
  readonly domain?: string;
  readonly destination?: string;
  /** Of `save`: what the mover writes to. It is only named in messages. */
  readonly file?: string;
  /** Whether the disks' paths have to exist there already: so on shared storage, once it is attached. */
  readonly checkDestination?: boolean;
  /** Only say what would be done. */
  readonly dryRun?: boolean;
  /** Of `foresee`: the links that would point elsewhere. */
  readonly changes?: readonly LinkChange[];
}

type Member = Exclude<keyof AgentRequest, 'version' | 'action'>;

/** What the front-end half sends with each action. A request without what is needed, or with anything else, is none. */
const members: Readonly<
  Record<HostAction, { readonly needed: readonly Member[]; readonly allowed?: readonly Member[] }>
> = {
  migrate: { needed: ['domain', 'destination', 'checkDestination'] },
  save: { needed: ['domain'], allowed: ['file'] },
  prepare: { needed: ['domain', 'destination'] },
  repair: { needed: ['domain', 'dryRun'], allowed: ['destination'] },
  reset: { needed: ['domain', 'dryRun'], allowed: ['destination'] },
  heal: { needed: ['domain'], allowed: ['destination', 'dryRun'] },
  probe: { needed: [] },
  audit: { needed: [] },
  foresee: { needed: ['changes'] },
  state: { needed: [] },
};

/** Actions that ask the destination whether it has a copy of the VM. */
const askingDestination: readonly HostAction[] = ['migrate', 'prepare', 'reset', 'heal'];

/** Whether its host connects to another one, and so may use the ssh agent that was forwarded to it. */
export function asksDestination({ action, destination }: AgentRequest): boolean {
  return destination !== undefined && askingDestination.includes(action);
}

/** Longer than any version; PATH_MAX of include/uapi/linux/limits.h, which counts the final NUL. */
const [longestVersion, longestPath] = [64, 4095];

/** Of the half that asks; `undefined` when it names none. All else in a request of another release may be another. */
export function releaseOf(text: string): string | undefined {
  const version = readJsonObject(text)?.get('version');
  return typeof version === 'string' && version.length <= longestVersion ? version : undefined;
}

/** A request of none of our programs. */
export function refused(reason: Message): Failure {
  return failureOf('usage', { ...reason, remedy: textOf('write-requests-by-program') });
}

/** @returns the request, or what is wrong with it. Nothing of it has been compared with what exists. */
export function readRequest(text: string): AgentRequest | Failure {
  const line = readJsonObject(text);
  if (!line) return refused(message('request-not-json'));
  const version = releaseOf(text);
  if (version === undefined) return refused(message('request-without-version'));
  const action = hostActions.find((name) => name === line.get('action'));
  if (!action) return refused(message('request-without-action', { actions: hostActions.join(', ') }));
  const { needed, allowed = [] } = members[action];
  const missing = needed.find((key) => !line.has(key));
  if (missing !== undefined) return refused(message('request-member-missing', { action, member: missing }));
  const known: readonly string[] = ['version', 'action', ...needed, ...allowed];
  const foreign = [...line.keys()].find((key) => !known.includes(key));
  if (foreign !== undefined)
    return refused(message('request-member-foreign', { action, member: quoted(foreign) }));
  const request: Record<string, unknown> = { version, action };
  for (const key of [...needed, ...allowed]) {
    if (!line.has(key)) continue;
    const value = line.get(key);
    const wrong = objections[key](value);
    if (wrong !== undefined) return refused(wrong);
    request[key] = value;
  }
  // Each member has been looked at.
  return request as unknown as AgentRequest;
}

const objections: Readonly<Record<Member, (value: unknown) => Message | undefined>> = {
  domain: objectionToDomain,
  destination: (value) => (typeof value === 'string' ? undefined : message('request-destination-not-text')),
  file: objectionToFile,
  checkDestination: (value) => objectionToFlag('checkDestination', value),
  dryRun: (value) => objectionToFlag('dryRun', value),
  changes: objectionToChanges,
};

/** What OpenNebula gives a domain that it deploys. */
function objectionToDomain(value: unknown): Message | undefined {
  if (typeof value !== 'string') return message('request-domain-not-text');
  if (/^(one-)?[0-9]{1,10}$/.test(value) || isUuid(value)) return undefined;
  return message('request-domain-not-deploy-id', { value: quoted(value) });
}

function objectionToFile(value: unknown): Message | undefined {
  const isFile = typeof value === 'string' && value.length <= longestPath && !value.includes('\0');
  return isFile ? undefined : message('request-file-not-path');
}

function objectionToFlag(member: string, value: unknown): Message | undefined {
  return typeof value === 'boolean' ? undefined : message('request-not-flag', { member });
}

/** As they come from a map (relink.ts): two words each, and no link twice. */
function objectionToChanges(value: unknown): Message | undefined {
  if (!Array.isArray(value)) return message('request-changes-not-list');
  const links = new Set<unknown>();
  for (const [index, given] of value.entries()) {
    const change = readObject(given);
    const [link, target] = [change?.get('link'), change?.get('target')];
    if (change?.size !== 2 || !isPath(link) || !link.startsWith('/') || !isPath(target))
      return message('request-change-not-link', { index });
    if (links.has(link)) return message('request-change-twice', { index, link: quoted(link) });
    links.add(link);
  }
  return undefined;
}

function isPath(value: unknown): value is string {
  return typeof value === 'string' && value.length <= longestPath && /^[^\s\0]+$/.test(value);
}

/** Enough of it to recognise: what is refused may be as long as its sender likes. */
function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
