import { child, descend, parseXml, type Element } from '../core/xml';
import { guardModeOf, tellsLast, type GuardMode } from './guard-mode';

/** What OpenNebula gave to a VMM driver script: its arguments and its input. */
export interface MoveRequest {
  readonly action: 'migrate' | 'save';
  /** The domain's name or UUID. */
  readonly deployId: string;
  readonly vmId: string;
  readonly source: string;
  /** Of a migration. */
  readonly destination?: string;
  /** All arguments, as they came. */
  readonly args: readonly string[];
  /** VMM_DRIVER_ACTION_DATA as XML, as a remote script gets it. */
  readonly xml: string;
  /** The same in Base64, as a local script gets it. */
  readonly base64: string;
  /** Whether the disks lie where both hosts see them; `undefined` when the XML does not say. */
  readonly shared: boolean | undefined;
  readonly guardMode: GuardMode;
  /** The VM's USER_TEMPLATE tells already what was done last. */
  readonly tellsLast: boolean;
}

/**
 * `migrate`: DEPLOY_ID DESTINATION SOURCE VM_ID SOURCE; `save`: DEPLOY_ID FILE SOURCE VM_ID SOURCE (OpenNebula's
 * one_vmm_exec.rb). The input is Base64 for a script that runs on the front-end, and raw XML for one on a host
 * (OpenNebulaDriver.rb, do_action). @returns what is missing, as text.
 */
export function readMoveRequest(
  action: MoveRequest['action'],
  args: readonly string[],
  input: Buffer,
): MoveRequest | string {
  const [deployId, second, source, vmId] = args;
  if (deployId === undefined || second === undefined || source === undefined || vmId === undefined) {
    return `four arguments are needed and ${args.length} were given`;
  }
  const given = input.toString('utf8').trim();
  const isXml = given.startsWith('<');
  const xml = isXml ? input.toString('utf8') : Buffer.from(given, 'base64').toString('utf8');
  const root = parsed(xml);
  const vm = child(root, 'VM');
  return {
    action,
    deployId,
    vmId,
    source,
    ...(action === 'migrate' ? { destination: second } : {}),
    args,
    xml,
    base64: isXml ? Buffer.from(xml).toString('base64') : given,
    shared: isShared(root),
    guardMode: guardModeOf(vm),
    tellsLast: tellsLast(vm),
  };
}

function parsed(xml: string): Element | undefined {
  try {
    return parseXml(xml);
  } catch {
    return undefined;
  }
}

function isShared(root: Element | undefined): boolean | undefined {
  const word = descend(root, 'DATASTORE', 'TEMPLATE', 'SHARED')?.text;
  return word === undefined ? undefined : word.toUpperCase() === 'YES';
}
