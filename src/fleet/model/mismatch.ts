import type { Finding } from '../../core/finding';
import type { QemuCopy } from '../../hypervisor/model/qemu-copy';
import { message, textOf } from '../../messages';
import type { VmRecord } from '../../opennebula/model/vm-pool';
import { expectedQemu, isFoundAgain, stateName } from '../../opennebula/model/vm-states';

/**
 * How OpenNebula's record of a VM differs from its QEMU processes, worst first. `two-copies`: it has QEMUs on several
 * hosts; `elsewhere`: its QEMU is on another host than the record's, or runs although the VM is stored; `not-off`: it
 * is on that host, but the record says that it is off; `other-datastore`: its disks are; `not-listed`: OpenNebula
 * lists no such VM; `no-qemu`: it has no QEMU.
 */
export const mismatchKinds = [
  'two-copies',
  'elsewhere',
  'not-off',
  'other-datastore',
  'not-listed',
  'no-qemu',
] as const;
export type MismatchKind = (typeof mismatchKinds)[number];

export interface Mismatch {
  readonly kind: MismatchKind;
  readonly finding: Finding;
}

/** A QEMU of a VM, and the host that reported it. */
export interface FoundCopy {
  readonly host: string;
  /** Missing where the host could not read libvirt's files. */
  readonly qemu?: QemuCopy;
}

/** The QEMUs of a VM without the incoming ones of a running migration. */
export function settledCopies(found: readonly FoundCopy[]): FoundCopy[] {
  return found.filter(({ qemu }) => qemu?.isArriving !== true && qemu?.isGone !== true);
}

/**
 * Compares a VM's QEMUs with its record. `undefined` where both agree, and for a VM that OpenNebula is about to
 * start, stop or move: then they may differ.
 * @param record OpenNebula's; `undefined` where it lists no such VM
 */
export function mismatchOf(
  id: number,
  record: VmRecord | undefined,
  found: readonly FoundCopy[],
): Mismatch | undefined {
  const expected = record && expectedQemu(record);
  if (expected === 'in-transition') return undefined;
  const copies = settledCopies(found);
  const [copy] = copies;
  if (copies.length > 1) return severalCopies(id, record, copies);
  if (!copy)
    return found.length === 0 && record && expected === 'there'
      ? { kind: 'no-qemu', finding: noQemu(record) }
      : undefined;
  const values = { ...aboutCopy(copy), id, domain: `one-${id}` };
  if (!record) return { kind: 'not-listed', finding: about('unknown', message('not-listed', values)) };
  const place = record.host;
  const where = { ...values, recorded: recordedOn(record), place };
  if (expected === 'there' && copy.host === place) return otherDatastore(record, copy);
  if (expected === 'there')
    return { kind: 'elsewhere', finding: about('problem', message('runs-elsewhere', where)) };
  if (!isFoundAgain(record))
    return { kind: 'elsewhere', finding: about('problem', message('runs-though-stored', where)) };
  if (copy.host === place)
    return { kind: 'not-off', finding: about('problem', message('runs-though-off', where)) };
  return { kind: 'elsewhere', finding: about('problem', message('runs-elsewhere-not-recorded', where)) };
}

/** What OpenNebula's own monitoring reports of a VM that has no record on the host (`KvmHost.zombies`). */
export function mismatchOfZombie(
  id: number,
  record: VmRecord | undefined,
  host: string,
): Mismatch | undefined {
  if (!record) {
    const what = message('found-though-not-listed', { host, id });
    return { kind: 'not-listed', finding: about('unknown', what) };
  }
  if (expectedQemu(record) === 'in-transition' || record.host === host) return undefined;
  const what = message('found-elsewhere', { host, recorded: recordedOn(record) });
  return { kind: 'elsewhere', finding: about('problem', what) };
}

/** Whether oned has changed nothing of the VM in between. */
export function isUnchanged(before: VmRecord | undefined, now: VmRecord | undefined): boolean {
  const keys = ['state', 'lcmState', 'host', 'seq', 'datastore'] as const;
  return keys.every((key) => before?.[key] === now?.[key]);
}

function severalCopies(id: number, record: VmRecord | undefined, copies: readonly FoundCopy[]): Mismatch {
  const hosts = copies.map(({ host }) => host).join(', ');
  const recorded = record ? recordedOn(record) : textOf('recorded-nowhere');
  const values = { hosts, recorded, domain: `one-${id}` };
  const allRun = copies.every(({ qemu }) => qemu?.state === undefined || qemu.state === 'running');
  return {
    kind: 'two-copies',
    finding: about('problem', allRun ? message('two-copies-run', values) : message('second-copy', values)),
  };
}

/** A VM whose record names a host that does not have it. */
export function noQemu(record: VmRecord): Finding {
  const values = { id: record.id, recorded: recordedOn(record), place: record.host };
  return about('unknown', message('no-qemu', values));
}

/**
 * The datastore in a disk's path, `…/DATASTORE/VM/disk.N` (History.cc, non_persistent_data); the paths of other
 * drivers do not show it.
 */
function otherDatastore({ id, datastore }: VmRecord, { qemu }: FoundCopy): Mismatch | undefined {
  if (!/^[0-9]+$/.test(datastore)) return undefined;
  const pattern = new RegExp(`/([0-9]+)/${id}/disk\\.[0-9]+(\\.snap/[0-9]+)?$`);
  const path = qemu?.paths.find((one) => {
    const found = pattern.exec(one)?.[1];
    return found !== undefined && found !== datastore;
  });
  if (path === undefined) return undefined;
  return {
    kind: 'other-datastore',
    finding: { ...about('problem', message('other-datastore', { datastore, path })), path },
  };
}

function aboutCopy({ host, qemu }: FoundCopy): { host: string; runs: string } {
  const isPaused = qemu?.state !== undefined && qemu.state !== 'running';
  return { host, runs: isPaused ? textOf('it-is-paused') : textOf('it-runs') };
}

function recordedOn(record: VmRecord): string {
  const state = stateName(record);
  return record.host === '' ? state : textOf('recorded-on', { state, place: record.host });
}

function about(state: 'problem' | 'unknown', what: Pick<Finding, 'what' | 'short' | 'remedy'>): Finding {
  return { check: 'opennebula-record', state, ...what };
}
