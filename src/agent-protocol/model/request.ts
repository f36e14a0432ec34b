import { failureOf, type Failure } from '../../core/errors';
import { message, textOf, type Message } from '../../messages';
import { isUuid } from '../../hypervisor/model/domain-name';
import type { LinkChange } from '../../relink/model/link-map';
import { orders, type Order } from '../../core/order';
import { oneOf, readJsonObject, readObject } from '../../core/report-json';

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
  /** Version of the front-end's program. An agent of another release refuses the request. */
  readonly version: string;
  readonly action: HostAction;
  /** The deploy id: `one-310`, `310` or a UUID. */
  readonly domain?: string;
  readonly destination?: string;
  /** For `save`: the file that the mover writes. It is only used in messages. */
  readonly file?: string;
  /**
   * Whether the disks' paths have to exist on the destination before the move, as on shared storage that is attached.
   */
  readonly checkDestination?: boolean;
  /** For `prepare`: what must not fail. A migration, if there is a destination. */
  readonly orders?: readonly Order[];
  /** Only report what would be done. */
  readonly dryRun?: boolean;
  /** For `foresee`: the links that would be re-pointed. */
  readonly changes?: readonly LinkChange[];
}

type Member = Exclude<keyof AgentRequest, 'version' | 'action'>;

/** The members that each action takes. A request that lacks one, or has another one, is refused. */
const members: Readonly<
  Record<HostAction, { readonly needed: readonly Member[]; readonly allowed?: readonly Member[] }>
> = {
  migrate: { needed: ['domain', 'destination', 'checkDestination'] },
  save: { needed: ['domain'], allowed: ['file'] },
  prepare: { needed: ['domain'], allowed: ['destination', 'orders'] },
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

/** The version that a request names, if it does. Everything else in a request of another release may differ. */
export function releaseOf(text: string): string | undefined {
  const version = readJsonObject(text)?.get('version');
  return typeof version === 'string' && version.length <= longestVersion ? version : undefined;
}

/** The request does not come from a program of ours. */
export function refused(reason: Message): Failure {
  return failureOf('usage', { ...reason, remedy: textOf('write-requests-by-program') });
}

/** @returns the request, or what is wrong with it. Only its form is checked, not whether what it names exists. */
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
  // Each member was checked above.
  return request as unknown as AgentRequest;
}

const objections: Readonly<Record<Member, (value: unknown) => Message | undefined>> = {
  domain: objectionToDomain,
  destination: (value) => (typeof value === 'string' ? undefined : message('request-destination-not-text')),
  file: objectionToFile,
  checkDestination: (value) => objectionToFlag('checkDestination', value),
  orders: objectionToOrders,
  dryRun: (value) => objectionToFlag('dryRun', value),
  changes: objectionToChanges,
};

/** The name that OpenNebula gives a domain that it deploys. */
function objectionToDomain(value: unknown): Message | undefined {
  if (typeof value !== 'string') return message('request-domain-not-text');
  if (/^(one-)?[0-9]{1,10}$/.test(value) || isUuid(value)) return undefined;
  return message('request-domain-not-deploy-id', { value: quoted(value) });
}

function objectionToFile(value: unknown): Message | undefined {
  const isFile = typeof value === 'string' && value.length <= longestPath && !value.includes('\0');
  return isFile ? undefined : message('request-file-not-path');
}

function objectionToOrders(value: unknown): Message | undefined {
  const isList = Array.isArray(value) && value.every((word) => oneOf(orders, word) !== undefined);
  return isList ? undefined : message('request-orders-not-list', { orders: orders.join(', ') });
}

function objectionToFlag(member: string, value: unknown): Message | undefined {
  return typeof value === 'boolean' ? undefined : message('request-not-flag', { member });
}

/** Changes as in a map (relink.ts): two words each, and no link twice. */
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

/** Cut to a recognisable part: a refused text may be of any length. */
function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
