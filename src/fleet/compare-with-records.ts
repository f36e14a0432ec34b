import type { Settings } from '../config/settings';
import { reasonOf, verdictOf } from '../core/finding';
import { isUnknown, type Unknown } from '../core/unknown';
import { reportOf } from '../core/unreadable-domain';
import { message } from '../messages';
import type { VmRecord } from '../opennebula/model/vm-pool';
import { hasDomain } from '../opennebula/model/vm-states';
import { fromHosts, type Asking } from './from-hosts';
import type { FleetDomain, FleetHost } from './model/fleet';
import {
  isUnchanged,
  mismatchOf,
  mismatchOfZombie,
  settledCopies,
  type FoundCopy,
  type Mismatch,
} from './model/mismatch';
import { askForRecords, type Scope } from './scope';

interface HostReports {
  readonly hosts: readonly FleetHost[];
  readonly domains: readonly FleetDomain[];
}

type Records = ReadonlyMap<number, VmRecord>;

/**
 * Reports every VM that is not where OpenNebula's record has it. VMs move while an audit runs: two hosts that both
 * report a VM are asked a second time, then OpenNebula is; a VM whose record has changed meanwhile is left out.
 */
export async function compareWithRecords(
  scope: Scope,
  reported: HostReports,
  asking: Asking,
): Promise<readonly FleetDomain[]> {
  const { records } = scope;
  if (!records) return reported.domains;
  let copies = copiesByVm(reported);
  const twice = [...copies.values()].filter((found) => settledCopies(found).length > 1).flat();
  const involved = new Set(twice.map(({ host }) => host));
  if (involved.size > 0) {
    const hosts = scope.hosts.filter(({ host }) => involved.has(host));
    const quietly = { ...asking, progress: () => undefined };
    copies = withSecondLook(
      copies,
      await fromHosts({ hosts, vms: [], records }, { action: 'audit' }, quietly),
    );
  }
  const differing = new Map<number, Mismatch>();
  for (const [id, found] of copies) {
    const mismatch = mismatchOf(id, records.get(id), found);
    if (mismatch) differing.set(id, mismatch);
  }
  const certain = await askAgain(differing, records, asking.settings);
  return reported.domains.flatMap((vm) => {
    const mismatch = vm.vmId === null ? undefined : certain.get(vm.vmId);
    if (mismatch === 'gone') return vm.seen === null ? [] : [vm];
    return [mismatch ? withMismatch(vm, mismatch) : vm];
  });
}

/** VMs that OpenNebula's own monitoring finds on another host than their record says. */
export async function findZombies({ zombies, records }: Scope, settings: Settings): Promise<FleetDomain[]> {
  if (!records) return [];
  const differing = new Map<number, Mismatch>();
  for (const { host, id } of zombies) {
    const mismatch = mismatchOfZombie(id, records.get(id), host);
    if (mismatch) differing.set(id, mismatch);
  }
  const certain = await askAgain(differing, records, settings);
  return zombies.flatMap(({ host, id }) => {
    const mismatch = certain.get(id);
    if (!mismatch || mismatch === 'gone') return [];
    const { kind, finding } = mismatch;
    const report = reportOf({ name: `one-${id}` }, 'unknown', [finding]);
    const name = records.get(id)?.name ?? null;
    return [{ ...report, host, vmId: id, name, reason: reasonOf(report), seen: null, mismatch: kind }];
  });
}

/** Includes VMs without a QEMU, if their host could list all that it runs. */
function copiesByVm({ hosts, domains }: HostReports): Map<number, FoundCopy[]> {
  const silent = new Set(hosts.flatMap(({ host, trouble }) => (trouble ? [host] : [])));
  const copies = new Map<number, FoundCopy[]>();
  for (const { vmId, host, seen, qemu } of domains) {
    if (vmId === null || (seen === null && silent.has(host))) continue;
    const known = copies.get(vmId) ?? [];
    if (seen !== null) known.push({ host, ...(qemu ? { qemu } : {}) });
    copies.set(vmId, known);
  }
  return copies;
}

/**
 * Asks hosts that report the same VM a second time, and keeps what they still report. The first report of a host that
 * does not answer the second time still counts.
 */
function withSecondLook(
  first: ReadonlyMap<number, readonly FoundCopy[]>,
  again: HostReports,
): Map<number, FoundCopy[]> {
  const [now, silent] = [
    copiesByVm(again),
    new Set(again.hosts.flatMap(({ host, trouble }) => (trouble ? [host] : []))),
  ];
  return new Map(
    [...first].map(([id, found]) => {
      if (settledCopies(found).length < 2) return [id, [...found]];
      return [id, [...(now.get(id) ?? []), ...found.filter(({ host }) => silent.has(host))]];
    }),
  );
}

/** Drops mismatches of VMs whose record has changed meanwhile; `gone`: OpenNebula has taken the VM off its host. */
async function askAgain(
  differing: ReadonlyMap<number, Mismatch>,
  before: Records,
  settings: Settings,
): Promise<ReadonlyMap<number, Mismatch | 'gone'>> {
  if (differing.size === 0) return new Map();
  const now = await askForRecords(settings);
  return new Map(
    [...differing].flatMap(([id, mismatch]): [number, Mismatch | 'gone'][] => {
      if (isUnknown(now)) return [[id, unconfirmed(mismatch, now)]];
      const record = now.get(id);
      if (isUnchanged(before.get(id), record)) return [[id, mismatch]];
      return mismatch.kind === 'no-qemu' && (!record || !hasDomain(record)) ? [[id, 'gone']] : [];
    }),
  );
}

function unconfirmed({ kind, finding }: Mismatch, { unknown: why }: Unknown): Mismatch {
  const text = message('not-asked-again', { reason: finding, why });
  return { kind, finding: { ...finding, state: 'unknown', ...text } };
}

/** The worst mismatch per VM. */
function withMismatch(vm: FleetDomain, { kind, finding }: Mismatch): FleetDomain {
  const findings = [finding, ...(kind === 'no-qemu' ? [] : vm.findings)];
  const judged = { findings, verdict: verdictOf(findings) };
  return { ...vm, ...judged, reason: reasonOf(judged), mismatch: kind };
}
