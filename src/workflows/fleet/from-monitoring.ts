import { errorName } from '../../core/errors';
import { resetOf } from '../../core/block-state';
import { isUnknown, type Unknown } from '../../core/facts';
import type { BlockState, Finding, Verdict } from '../../core/finding';
import { ageOf, describeAge, needsReset, type FleetDomain } from '../../core/fleet';
import { readBlockState, readVerdict } from '../../core/report-reader';
import type { Settings } from '../../core/settings';
import { readMonitoring, type PlacedVm, type ProbeTold } from '../../opennebula/vm-pool';
import { decodeAnswer, encodeLastMonitoring } from '../../opennebula/xml-rpc';
import { askOned } from '../../system/oned';
import type { Scope } from './scope';

/**
 * Seconds after which what the probe said counts no more. It runs every half minute or so (MONITOR_VM of monitord.conf),
 * and monitord keeps what a probe that fell silent has said last, for ever.
 */
const tooOld = 15 * 60;

/** What OpenNebula's own collectors brought of each VM: no host is asked. */
export async function fromMonitoring(
  { vms, doubts }: Scope,
  { ssh: { user } }: Settings,
  now: Date,
): Promise<{ readonly domains: FleetDomain[]; readonly doubts: readonly string[] }> {
  const monitoring = await lastMonitoring(user);
  const isSilent = isUnknown(monitoring);
  const domains = vms.map((vm) =>
    judge(vm, newest(vm.told, isSilent ? undefined : monitoring.get(vm.id)), now),
  );
  // The list has a little of it too, which is better than nothing.
  const doubt = `the VMs' MONITORING cannot be read: ${isSilent ? monitoring.unknown : ''}`;
  return { domains, doubts: isSilent ? [...doubts, doubt] : doubts };
}

async function lastMonitoring(user: string): Promise<ReadonlyMap<number, ProbeTold> | Unknown> {
  const answered = await askOned(user, encodeLastMonitoring);
  if (isUnknown(answered)) return answered;
  const { answer, from } = answered;
  try {
    const decoded = decodeAnswer(answer);
    if ('why' in decoded) return { unknown: `${from} refuses: ${decoded.why}` };
    return readMonitoring(decoded.text);
  } catch (error) {
    return { unknown: `${from} does not answer as oned does: ${errorName(error)}` };
  }
}

/** The times are ISO 8601 in UTC, which are in order as texts. */
function newest(one: ProbeTold | undefined, other: ProbeTold | undefined): ProbeTold | undefined {
  if (!one || !other) return one ?? other;
  return one.time > other.time ? one : other;
}

function judge({ id, name, host }: PlacedVm, told: ProbeTold | undefined, now: Date): FleetDomain {
  const domain = `one-${id}`;
  const base = { domain, pid: null, plan: [], host, vmId: id, name };
  const undecided = (what: string, remedy: string, seen: string | null): FleetDomain => ({
    ...base,
    verdict: 'undecided',
    blockState: 'unknown',
    reason: what,
    seen,
    findings: [{ check: 'monitoring', state: 'unknown', what, remedy }],
  });
  const doctor = `migrate-guard doctor --host ${host}`;
  if (!told) return undecided(`the probe on ${host} has told nothing of it`, doctor, null);
  const [verdict, blockState] = [readVerdict(told.verdict), readBlockState(told.blockState)];
  const seen = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(told.time) ? told.time : null;
  if (!verdict || !blockState || seen === null || Number.isNaN(Date.parse(seen)))
    return undecided(`the probe on ${host} tells what cannot be understood`, doctor, null);
  const age = ageOf({ seen }, now) ?? 0;
  const ahead = (Date.parse(seen) - now.getTime()) / 1000;
  if (ahead > tooOld) {
    const what = `the probe on ${host} speaks ${describeAge(ahead)} in the future: its clock is not ours`;
    return undecided(what, `set the clocks of ${host} and of this machine`, null);
  }
  if (age > tooOld) {
    const what = `the probe on ${host} fell silent: ${verdict} is what it said ${describeAge(age)} ago`;
    return undecided(what, doctor, seen);
  }
  const finding: Finding = {
    check: 'monitoring',
    state: verdict === 'undecided' ? 'unknown' : 'problem',
    what: told.reason || `the probe says ${verdict}, without a reason`,
    remedy: `on ${host}: ${remedyOf(domain, verdict, blockState)}`,
  };
  const findings = verdict === 'safe' ? [] : [finding];
  return { ...base, verdict, blockState, reason: verdict === 'safe' ? '' : finding.what, seen, findings };
}

function remedyOf(domain: string, verdict: Verdict, blockState: BlockState): string {
  // Before anything else: until then a migration fails, or kills the VM, whatever its paths are.
  if (needsReset({ blockState })) return resetOf(domain);
  if (verdict === 'repairable') return `migrate-guard repair ${domain}`;
  return verdict === 'blocked' ? `migrate-guard explain ${domain}` : `migrate-guard check ${domain} --deep`;
}
