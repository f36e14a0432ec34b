import { child, descend, type Element } from '../../core/element';
import { failureOf, type Failure } from '../../core/errors';
import { message } from '../../messages';
import { guardModeOf, hasLastAttribute, type GuardMode } from './guard-mode';

/** VMM_DRIVER_ACTION_DATA. */
interface ActionData {
  /** The XML as a remote script gets it. */
  readonly xml: string;
  /** The XML in Base64, as a local script gets it. */
  readonly base64: string;
}

/** The arguments and the input that OpenNebula gave to a VMM driver script. */
export interface MoveRequest extends ActionData {
  readonly action: 'migrate' | 'save';
  /** The domain's name or UUID. */
  readonly deployId: string;
  readonly vmId: string;
  readonly source: string;
  /** The destination of a migration. */
  readonly destination?: string;
  /** All arguments, unchanged. */
  readonly args: readonly string[];
  /** Whether both hosts see the disks; `undefined` when the XML does not show it. */
  readonly shared: boolean | undefined;
  /** The VM's directory after a migration: in another datastore, where it moves to one. */
  readonly diskTarget: string | undefined;
  readonly guardMode: GuardMode;
  /** Whether the VM's USER_TEMPLATE already holds the last thing done. */
  readonly hasLastAttribute: boolean;
}

/**
 * The input is Base64 for a script that runs on the front-end, and raw XML for one on a host (OpenNebulaDriver.rb,
 * do_action).
 */
export function actionDataIn(input: Buffer): ActionData {
  const text = input.toString('utf8');
  const given = text.trim();
  return given.startsWith('<')
    ? { xml: text, base64: Buffer.from(text).toString('base64') }
    : { xml: Buffer.from(given, 'base64').toString('utf8'), base64: given };
}

/**
 * Reads the arguments. `migrate`: DEPLOY_ID DESTINATION SOURCE VM_ID SOURCE; `save`: DEPLOY_ID FILE SOURCE VM_ID
 * SOURCE (OpenNebula's one_vmm_exec.rb). `root` is the action data; `undefined` where it cannot be read.
 */
export function readMoveRequest(
  action: MoveRequest['action'],
  args: readonly string[],
  data: ActionData,
  root: Element | undefined,
): MoveRequest | Failure {
  const [deployId, second, source, vmId] = args;
  if (deployId === undefined || second === undefined || source === undefined || vmId === undefined) {
    return failureOf('usage', message('driver-arguments', { count: args.length }));
  }
  const vm = child(root, 'VM');
  return {
    action,
    deployId,
    vmId,
    source,
    ...(action === 'migrate' ? { destination: second } : {}),
    args,
    ...data,
    shared: isShared(root),
    diskTarget: child(root, 'DISK_TARGET_PATH')?.text || undefined,
    guardMode: guardModeOf(vm),
    hasLastAttribute: hasLastAttribute(vm),
  };
}

function isShared(root: Element | undefined): boolean | undefined {
  const word = descend(root, 'DATASTORE', 'TEMPLATE', 'SHARED')?.text;
  return word === undefined ? undefined : word.toUpperCase() === 'YES';
}
