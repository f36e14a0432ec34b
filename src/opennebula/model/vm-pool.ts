import { child, children, textIn, type Element } from '../../core/element';
import { hypervisorDrivers } from './host-pool';
import { attributes, earlierAttributes } from './monitoring-attributes';
import { hasDomain, type VmState } from './vm-states';

/** A VM as oned has it, on any host or none. */
export interface VmRecord extends VmState {
  readonly id: number;
  readonly name: string;
  /**
   * The newest history record's host: where the VM is, was last, or is moving to. Empty before its first deployment.
   */
  readonly host: string;
  /** The number of that record, which grows with every move. */
  readonly seq: string;
  /** Its system datastore; empty where it is not known. */
  readonly datastore: string;
  readonly driver: string;
  /**
   * The driver of its system datastore, whose scripts OpenNebula runs around a migration; empty where it is not
   * known.
   */
  readonly tmMad: string;
  /** The probe's last report of it, if this document has it. */
  readonly reported?: ProbeReport;
}

/** Our probe's attributes as monitord keeps them (opennebula/model/monitoring-attributes.ts), not validated. */
export interface ProbeReport {
  readonly verdict: string;
  readonly reason: string;
  readonly blockState: string;
  /** Empty where the probe does not report it. */
  readonly affected: string;
  readonly time: string;
}

/** Every VM that is not DONE (`onevm list -x`). */
export function readVmRecords(pool: Element): VmRecord[] {
  return vmsOf(pool).flatMap((vm) => {
    const id = textIn(vm, 'ID');
    if (!isId(id)) return [];
    // The list has the newest record alone (VirtualMachine.cc, to_xml_short).
    const record = children(child(vm, 'HISTORY_RECORDS'), 'HISTORY').at(-1);
    const reported = probeIn(child(vm, 'MONITORING'));
    return [
      {
        id: Number(id),
        name: textIn(vm, 'NAME'),
        state: stateIn(vm, 'STATE'),
        lcmState: stateIn(vm, 'LCM_STATE'),
        host: textIn(record, 'HOSTNAME'),
        seq: textIn(record, 'SEQ'),
        datastore: textIn(record, 'DS_ID'),
        driver: textIn(record, 'VM_MAD'),
        tmMad: textIn(record, 'TM_MAD'),
        ...(reported ? { reported } : {}),
      },
    ];
  });
}

/** The VMs that run on KVM hosts. */
export function readVmPool(pool: Element): VmRecord[] {
  return readVmRecords(pool).filter(isPlaced);
}

export function isPlaced(vm: VmRecord): boolean {
  return hasDomain(vm) && vm.host !== '' && hypervisorDrivers.includes(vm.driver);
}

/** -1 for a text that is not a state. */
function stateIn(vm: Element, name: string): number {
  const text = textIn(vm, name);
  return /^[0-9]{1,3}$/.test(text) ? Number(text) : -1;
}

/** The probe's last report of each VM (`one.vmpool.monitoring`). */
export function readMonitoring(data: Element): Map<number, ProbeReport> {
  const reported = new Map<number, ProbeReport>();
  for (const record of children(data, 'MONITORING')) {
    const [found, id] = [probeIn(record), textIn(record, 'ID')];
    if (found && isId(id)) reported.set(Number(id), found);
  }
  return reported;
}

function isId(text: string): boolean {
  return /^[0-9]{1,10}$/.test(text);
}

/** The VMs of a pool, or the single VM of a document without the pool element. */
function vmsOf(root: Element): readonly Element[] {
  return root.name === 'VM' ? [root] : children(root, 'VM');
}

function probeIn(monitoring: Element | undefined): ProbeReport | undefined {
  if (!monitoring) return undefined;
  const verdict = textIn(monitoring, attributes.verdict);
  if (verdict === '') return undefined;
  // A host with the new probe keeps the earlier probe's values under the earlier names (monitord merges).
  const names = child(monitoring, attributes.blockState) ? attributes : earlierAttributes;
  return {
    verdict,
    reason: textIn(monitoring, names.reason),
    blockState: textIn(monitoring, names.blockState),
    affected: textIn(monitoring, attributes.affected),
    time: textIn(monitoring, attributes.time),
  };
}
