import { child, children, textIn, type Element } from '../../core/element';
import { hypervisorDrivers } from './host-pool';
import { attributes, earlierAttributes } from './monitoring-attributes';

/** A VM that has a domain on a host now. */
export interface PlacedVm {
  readonly id: number;
  readonly name: string;
  readonly host: string;
  /** The driver of its system datastore, whose scripts OpenNebula runs around a migration; empty where nobody told. */
  readonly tmMad: string;
  /** What the probe said of it last, if that is in this document. */
  readonly reported?: ProbeReport;
}

/** What monitord keeps of our probe's attributes (opennebula/model/monitoring-attributes.ts), as it was said: nothing of it is sure. */
export interface ProbeReport {
  readonly verdict: string;
  readonly reason: string;
  readonly blockState: string;
  readonly time: string;
}

/** include/VirtualMachine.h */
const active = '3';
/**
 * LCM states in which the domain is on its host: RUNNING, MIGRATE, SAVE_*, SHUTDOWN*, UNKNOWN, HOTPLUG*,
 * DISK_SNAPSHOT*, DISK_RESIZE, BACKUP (include/VirtualMachine.h). In the others it is not yet there, or no more.
 */
const withDomain = new Set(
  [3, 4, 5, 6, 7, 12, 16, 17, 18, 24, 25, 26, 29, 57, 59, 62, 66, 69].map((state) => String(state)),
);

/** The VMs that run on KVM hosts (`onevm list -x`). */
export function readVmPool(pool: Element): PlacedVm[] {
  return vmsOf(pool).flatMap((vm) => {
    if (textIn(vm, 'STATE') !== active || !withDomain.has(textIn(vm, 'LCM_STATE'))) return [];
    // The list has the newest record alone: where the VM is, or where it is moving to.
    const record = children(child(vm, 'HISTORY_RECORDS'), 'HISTORY').at(-1);
    const host = record ? textIn(record, 'HOSTNAME') : '';
    const id = textIn(vm, 'ID');
    if (!isId(id) || host === '' || !record) return [];
    if (!hypervisorDrivers.includes(textIn(record, 'VM_MAD'))) return [];
    const reported = probeIn(child(vm, 'MONITORING'));
    const base = { id: Number(id), name: textIn(vm, 'NAME'), host, tmMad: textIn(record, 'TM_MAD') };
    return [{ ...base, ...(reported ? { reported } : {}) }];
  });
}

/** What the probe said last, by VM (`one.vmpool.monitoring`). */
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

/** A pool, or the one VM of a pool that has just one where a tool has left the pool away. */
function vmsOf(root: Element): readonly Element[] {
  return root.name === 'VM' ? [root] : children(root, 'VM');
}

function probeIn(monitoring: Element | undefined): ProbeReport | undefined {
  if (!monitoring) return undefined;
  const verdict = textIn(monitoring, attributes.verdict);
  if (verdict === '') return undefined;
  // A host that has the new probe keeps what the earlier one said under the earlier names (monitord merges).
  const names = child(monitoring, attributes.blockState) ? attributes : earlierAttributes;
  return {
    verdict,
    reason: textIn(monitoring, names.reason),
    blockState: textIn(monitoring, names.blockState),
    time: textIn(monitoring, attributes.time),
  };
}
