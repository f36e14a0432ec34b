import { blockStateCheck } from '../../block-state/model/judge';
import type { QemuCopy } from '../../hypervisor/model/qemu-copy';
import type { GuardsNotRun } from '../../opennebula/model/guards-not-run';
import type { RecordEntry } from '../../opennebula/model/record';
import { mismatchKinds, type MismatchKind } from './mismatch';
import {
  blockStates,
  verdictOf,
  verdicts,
  type Affected,
  type DomainReport,
  type Verdict,
} from '../../core/finding';

/** One VM of the cloud: the findings about its domain, and where OpenNebula's record has it. */
export interface FleetDomain extends DomainReport {
  /** Name of the hypervisor. */
  readonly host: string;
  /** OpenNebula's id and name of the VM; `null` where OpenNebula was not asked, or does not list the VM. */
  readonly vmId: number | null;
  readonly name: string | null;
  /** The reason why the VM is not safe, in one sentence; empty when it is safe. */
  readonly reason: string;
  /** Time of the check, in ISO 8601; `null` when the VM was never checked. */
  readonly seen: string | null;
  /** The host's report about its QEMU; missing from audits by OpenNebula's monitoring. */
  readonly qemu?: QemuCopy;
  /** How OpenNebula's record of it is wrong; missing where it is right, or was not compared. */
  readonly mismatch?: MismatchKind;
  /** The last thing done for it, by this front-end's records. */
  readonly last?: RecordEntry;
}

/** One hypervisor, with or without VMs. */
export interface FleetHost {
  readonly host: string;
  /** OpenNebula's name of its cluster; `null` where it is not known. */
  readonly cluster: string | null;
  /** Why nothing, or not everything, is known of its VMs, and the remedy. */
  readonly trouble?: { readonly what: string; readonly remedy: string };
  /** Its watcher; missing where it is not known, as in each audit from another machine. */
  readonly watcher?: HostWatcher;
}

export interface HostWatcher {
  /** It runs, and has written within the last minute. */
  readonly up: boolean;
  /** Of one that is up: how many VMs it has repaired since its start, and when it wrote last, in ISO 8601. */
  readonly repaired?: number;
  readonly wrote?: string;
}

/** Every running VM of the cloud, worst first, at one time. */
export interface FleetReport {
  /** The machine on which the audit ran. */
  readonly host: string;
  /** Time of the audit, in ISO 8601. */
  readonly time: string;
  /** The source: OpenNebula's collectors, the hosts themselves, or this host alone. */
  readonly source: 'monitoring' | 'hosts' | 'here';
  readonly hosts: readonly FleetHost[];
  readonly domains: readonly FleetDomain[];
  /** What is unknown, apart from single hosts and VMs. */
  readonly doubts: readonly string[];
  /** Whether OpenNebula listed the VMs: if not, a VM that is missing here may still run. */
  readonly vmsListed: boolean;
  /**
   * The hosts on which the guard could not run lately; missing where this is not a front-end, or where that is
   * unknown.
   */
  readonly guardsNotRun?: readonly GuardsNotRun[];
}

/** The fields that {@link rankOf} reads. */
type Ranked = Pick<FleetDomain, 'verdict' | 'blockState' | 'mismatch'>;

/**
 * Lower is worse: first VMs that OpenNebula may start a second time, or does not know; then by verdict, then by block
 * state.
 */
export function rankOf({ verdict, blockState, mismatch }: Ranked): number {
  if (mismatch !== undefined && verdict === 'blocked')
    return mismatchKinds.indexOf(mismatch) - mismatchKinds.length;
  return verdicts.indexOf(verdict) * blockStates.length + blockStates.indexOf(blockState);
}

/** Orders by rank, then by host and VM. */
export function worstFirst(domains: readonly FleetDomain[]): FleetDomain[] {
  return [...domains].sort(
    (one, other) =>
      rankOf(one) - rankOf(other) || inOrder(one.host, other.host) || inOrder(one.domain, other.domain),
  );
}

/** Sorts `kvm9` before `kvm10`, the same on every machine. */
export function inOrder(one: string, other: string): number {
  collator ??= new Intl.Collator('en', { numeric: true });
  return collator.compare(one, other);
}

/** Created on first use: it takes 8 ms, which no migration should wait for. */
let collator: Intl.Collator | undefined;

export function countVerdicts(domains: readonly Pick<DomainReport, 'verdict'>[]): Record<Verdict, number> {
  const counts: Record<Verdict, number> = { blocked: 0, undecided: 0, repairable: 0, safe: 0 };
  for (const { verdict } of domains) counts[verdict] += 1;
  return counts;
}

/** How many VMs a failed migration would leave without their disks, or may; empty where it is known of no VM. */
export function describeAffected(domains: readonly Pick<DomainReport, 'affected'>[]): string {
  const count = (answer: Affected): number =>
    domains.filter(({ affected = 'unknown' }) => affected === answer).length;
  const [yes, unknown] = [count('yes'), count('unknown')];
  if (unknown === domains.length || yes + unknown === 0) return '';
  const notKnown = unknown > 0 ? [`${unknown} on a QEMU that may be affected`] : [];
  return [`${yes} on an affected QEMU`, ...notKnown].join(', ');
}

/** Seconds since the check of the VM, never negative; `null` when it was never checked. */
export function ageOf({ seen }: Pick<FleetDomain, 'seen'>, now: Date): number | null {
  return seen === null ? null : Math.max(0, Math.round((now.getTime() - Date.parse(seen)) / 1000));
}

/** The worst of all that is known and unknown: a host that did not answer leaves its VMs undecided. */
export function worstVerdict({ hosts, domains, doubts }: FleetReport): Verdict {
  const isUnsure = doubts.length > 0 || hosts.some(({ trouble }) => trouble !== undefined);
  const all = [...domains.map(({ verdict }) => verdict), ...(isUnsure ? (['undecided'] as const) : [])];
  return verdicts.find((verdict) => all.includes(verdict)) ?? 'safe';
}

/** Seconds in the largest unit that fits: `40 s`, `3 min`, `2 h`, `5 d`. */
export function describeAge(seconds: number): string {
  const units = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'min'],
  ] as const;
  const [size, unit] = units.find(([length]) => seconds >= length) ?? [1, 's'];
  return `${Math.floor(seconds / size)} ${unit}`;
}

/** Whether a failed migration left QEMU without its disks, which no repair of paths heals. */
export function needsReset({ blockState }: Pick<DomainReport, 'blockState'>): boolean {
  return blockState === 'stuck' || blockState === 'half-inactive';
}

/** Whether its paths can be repaired, whatever its block state is, as `repair` on its host does. */
export function needsRepair({ findings, plan }: Pick<DomainReport, 'findings' | 'plan'>): boolean {
  const ofPaths = findings.filter(({ check }) => check !== blockStateCheck);
  return plan.length > 0 && verdictOf(ofPaths) === 'repairable';
}

/**
 * Whether a migration would fail or kill the VM. The verdict `safe` is about its paths only, not about whether QEMU
 * holds its disks.
 */
export function isAtRisk(vm: Pick<DomainReport, 'verdict' | 'blockState'>): boolean {
  return vm.verdict !== 'safe' || needsReset(vm) || vm.blockState === 'not-resumed';
}
