import { child, descend, type Element } from '../../core/element';
import { failureOf, type Failure } from '../../core/errors';
import { message } from '../../messages';
import { guardModeOf, hasLastAttribute, type GuardMode } from './guard-mode';

/** VMM_DRIVER_ACTION_DATA. */
export interface ActionData {
  /** As a remote script gets it. */
  readonly xml: string;
  /** The same in Base64, as a local script gets it. */
  readonly base64: string;
}

/** What OpenNebula gave to a VMM driver script: its arguments and its input. */
export interface MoveRequest extends ActionData {
  readonly action: 'migrate' | 'save';
  /** The domain's name or UUID. */
  readonly deployId: string;
  readonly vmId: string;
  readonly source: string;
  /** Of a migration. */
  readonly destination?: string;
  /** All arguments, as they came. */
  readonly args: readonly string[];
  /** Whether the disks lie where both hosts see them; `undefined` when the XML does not say. */
  readonly shared: boolean | undefined;
  readonly guardMode: GuardMode;
  /** The VM's USER_TEMPLATE tells already what was done last. */
  readonly tellsLast: boolean;
}

/** It is Base64 for a script that runs on the front-end, and raw XML for one on a host (OpenNebulaDriver.rb, do_action). */
export function actionDataIn(input: Buffer): ActionData {
  const text = input.toString('utf8');
  const given = text.trim();
  return given.startsWith('<')
    ? { xml: text, base64: Buffer.from(text).toString('base64') }
    : { xml: Buffer.from(given, 'base64').toString('utf8'), base64: given };
}

/**
 * `migrate`: DEPLOY_ID DESTINATION SOURCE VM_ID SOURCE; `save`: DEPLOY_ID FILE SOURCE VM_ID SOURCE (OpenNebula's
 * one_vmm_exec.rb). `root`: of the action data; nothing where that cannot be read.
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
    guardMode: guardModeOf(vm),
    tellsLast: hasLastAttribute(vm),
  };
}

function isShared(root: Element | undefined): boolean | undefined {
  const word = descend(root, 'DATASTORE', 'TEMPLATE', 'SHARED')?.text;
  return word === undefined ? undefined : word.toUpperCase() === 'YES';
}
