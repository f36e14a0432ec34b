import { child, children, type Element } from '../../core/element';
import { failureOf, type Failure } from '../../core/errors';
import { message } from '../../messages';
import { guardModeOf, hasLastAttribute, type GuardMode } from './guard-mode';

/** One stay of a VM on a host. Times are in seconds; 0 means: not yet, or never. */
export interface HistoryRecord {
  readonly seq: number;
  readonly hid: number;
  readonly hostname: string;
  readonly stime: number;
  readonly etime: number;
  /** When the VM began to run there. */
  readonly rstime: number;
  /** The action that ended the stay (include/VMActions.h). */
  readonly action: number;
}

/** A VM as OpenNebula passes it to a state hook, or as `onevm show -x` prints it. */
export interface VmEvent {
  readonly vmId: string;
  readonly state: number;
  readonly lcmState: number;
  readonly prevState: number;
  readonly prevLcmState: number;
  readonly guardMode: GuardMode;
  /** Whether its USER_TEMPLATE already holds the last thing done for it. */
  readonly hasLastAttribute: boolean;
  /** History records, the oldest first. */
  readonly history: readonly HistoryRecord[];
}

/** The VM as bare XML. `$TEMPLATE` is the same in Base64 (onehem-server.rb, arguments). */
export function xmlOfEvent(given: string): string {
  const text = given.trim();
  return text.startsWith('<') ? text : Buffer.from(text, 'base64').toString('utf8');
}

/** Reads `<VM>`, or returns what is wrong with the document. */
export function vmIn(root: Element): Element | Failure {
  const vm = root.name === 'VM' ? root : child(root, 'VM');
  return vm ?? failureOf('usage', message('not-a-vm', { root: root.name }));
}

/** Reads the element `<VM>`. */
export function eventOf(vm: Element): VmEvent | Failure {
  const vmId = child(vm, 'ID')?.text ?? '';
  if (!/^[0-9]{1,10}$/.test(vmId)) return failureOf('usage', message('vm-without-id'));
  const history = children(child(vm, 'HISTORY_RECORDS'), 'HISTORY').map(readRecord);
  return {
    vmId,
    state: numberIn(vm, 'STATE'),
    lcmState: numberIn(vm, 'LCM_STATE'),
    prevState: numberIn(vm, 'PREV_STATE'),
    prevLcmState: numberIn(vm, 'PREV_LCM_STATE'),
    guardMode: guardModeOf(vm),
    hasLastAttribute: hasLastAttribute(vm),
    history: history.sort((one, other) => one.seq - other.seq),
  };
}

function readRecord(record: Element): HistoryRecord {
  return {
    seq: numberIn(record, 'SEQ'),
    hid: numberIn(record, 'HID'),
    hostname: child(record, 'HOSTNAME')?.text ?? '',
    stime: numberIn(record, 'STIME'),
    etime: numberIn(record, 'ETIME'),
    rstime: numberIn(record, 'RSTIME'),
    action: numberIn(record, 'ACTION'),
  };
}

/**
 * NaN for a text that is not a number, or not exact as a double: NaN equals nothing, so nothing is concluded from it.
 */
function numberIn(element: Element, name: string): number {
  const text = child(element, name)?.text ?? '';
  return /^-?[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN;
}
