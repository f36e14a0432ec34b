import { blockStateCheck } from '../../block-state/model/judge';
import type { QemuCopy } from '../../hypervisor/model/qemu-copy';
import type { GuardsNotRun } from '../../opennebula/model/guards-not-run';
import type { RecordEntry } from '../../opennebula/model/record';
import { mismatchKinds, type MismatchKind } from './mismatch';
import { blockStates, verdictOf, verdicts, type DomainReport, type Verdict } from '../../core/finding';

/** One VM of the cloud: what was found of its domain, and where OpenNebula says that it runs. */
export interface FleetDomain extends DomainReport {
  /** The hypervisor. */
  readonly host: string;
  /** OpenNebula's id and name of the VM; `null` where OpenNebula was not asked, or does not know it. */
  readonly vmId: number | null;
  readonly name: string | null;
  /** Why it is not safe, in one sentence; empty when it is. */
  readonly reason: string;
  /** When it was looked at, in ISO 8601; `null` when it never was. */
  readonly seen: string | null;
  /** What its host told of its QEMU; missing from audits by OpenNebula's monitoring. */
  readonly qemu?: QemuCopy;
  /** Where OpenNebula's record of it is wrong; missing where it is right, or was not compared. */
  readonly mismatch?: MismatchKind;
  /** What was done for it last, as this front-end has kept it. */
  readonly last?: RecordEntry;
}

/** One hypervisor, also one on which no VM was found. */
export interface FleetHost {
  readonly host: string;
  /** OpenNebula's name of its cluster; `null` where nobody told. */
  readonly cluster: string | null;
  /** Why nothing, or not everything, is known of its VMs, and what to do. */
  readonly trouble?: { readonly what: string; readonly remedy: string };
}

/** Every running VM of the cloud, worst first, as it was at one time. */
export interface FleetReport {
  /** The machine that asked. */
  readonly host: string;
  /** In ISO 8601. */
  readonly time: string;
  /** Who told: OpenNebula's collectors, the hosts themselves, or this host alone. */
  readonly source: 'monitoring' | 'hosts' | 'here';
  readonly hosts: readonly FleetHost[];
  readonly domains: readonly FleetDomain[];
  /** What is not known, beyond single hosts and VMs. */
  readonly doubts: readonly string[];
  /** Whether OpenNebula told which VMs there are: where it did not, one that is not in here may run all the same. */
  readonly vmsListed: boolean;
  /** On which of these hosts guards could not run lately; nothing where this is no front-end, or it is not known. */
  readonly guardsNotRun?: readonly GuardsNotRun[];
}

/** What {@link rankOf} looks at. */
export type Ranked = Pick<FleetDomain, 'verdict' | 'blockState' | 'mismatch'>;

/**
 * The less, the worse: first what OpenNebula may start a second time, or does not know; then by verdict, then by block
 * state.
 */
export function rankOf({ verdict, blockState, mismatch }: Ranked): number {
  if (mismatch !== undefined && verdict === 'blocked')
    return mismatchKinds.indexOf(mismatch) - mismatchKinds.length;
  return verdicts.indexOf(verdict) * blockStates.length + blockStates.indexOf(blockState);
}

/** Then by host and VM. */
export function worstFirst(domains: readonly FleetDomain[]): FleetDomain[] {
  return [...domains].sort(
    (one, other) =>
      rankOf(one) - rankOf(other) || inOrder(one.host, other.host) || inOrder(one.domain, other.domain),
  );
}

/** `kvm9` before `kvm10`, the same on every machine. */
export function inOrder(one: string, other: string): number {
  collator ??= new Intl.Collator('en', { numeric: true });
  return collator.compare(one, other);
}

/** Made when it is first needed: it takes 8 ms, which no migration shall wait for. */
let collator: Intl.Collator | undefined;

export function countVerdicts(domains: readonly Pick<DomainReport, 'verdict'>[]): Record<Verdict, number> {
  const counts: Record<Verdict, number> = { blocked: 0, undecided: 0, repairable: 0, safe: 0 };
  for (const { verdict } of domains) counts[verdict] += 1;
  return counts;
}

/** Seconds since the VM was looked at, never negative; `null` when it never was. */
export function ageOf({ seen }: Pick<FleetDomain, 'seen'>, now: Date): number | null {
  return seen === null ? null : Math.max(0, Math.round((now.getTime() - Date.parse(seen)) / 1000));
}

/** The worst of all that is known and not known: a host that told nothing leaves its VMs undecided. */
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

/** Whether a failed migration left QEMU without its disks: no repair of paths mends that. */
export function needsReset({ blockState }: Pick<DomainReport, 'blockState'>): boolean {
  return blockState === 'stuck' || blockState === 'half-inactive';
}

/** Whether its paths can be repaired, whatever its block state is: as a repair on its own host does. */
export function needsRepair({ findings, plan }: Pick<DomainReport, 'findings' | 'plan'>): boolean {
  const ofPaths = findings.filter(({ check }) => check !== blockStateCheck);
  return plan.length > 0 && verdictOf(ofPaths) === 'repairable';
}

/** Whether a migration would fail, or kill it: `safe` tells of its paths only, and not whether QEMU holds its disks. */
export function isAtRisk(vm: Pick<DomainReport, 'verdict' | 'blockState'>): boolean {
  return vm.verdict !== 'safe' || needsReset(vm) || vm.blockState === 'not-resumed';
}
