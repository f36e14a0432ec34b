import { resetOf } from '../block-state/model/judge';
import { errorName, isFailure } from '../core/errors';
import type { BlockState, Finding, Verdict } from '../core/finding';
import {
  ageOf,
  describeAge,
  needsReset,
  type FleetDomain,
  type FleetHost,
  type FleetReport,
} from './model/fleet';
import { resumeOf } from '../hypervisor/model/guest-origin';
import { readBlockState, readVerdict } from '../core/report-json';
import type { Settings } from '../config/settings';
import { isUnknown, type Unknown } from '../core/unknown';
import { readMonitoring, type VmRecord, type ProbeReport } from '../opennebula/model/vm-pool';
import { decodeAnswer, encodeLastMonitoring } from '../opennebula/model/xml-rpc';
import { askOned } from '../opennebula/oned-client';
import { readXml } from '../os/read-xml';
import type { Scope } from './scope';

/**
 * Seconds after which what the probe said counts no more. It runs every half minute or so (MONITOR_VM of monitord.conf),
 * and monitord keeps what a probe that fell silent has said last, for ever.
 */
const maxAgeSeconds = 15 * 60;

/**
 * What OpenNebula's own collectors brought of each VM: no host is asked. A host of whose VMs none was heard lately has
 * its trouble; where oned did not tell what it has heard, that is a doubt, and no host's trouble.
 */
export async function fromMonitoring(
  { hosts, vms, doubts }: Scope,
  { ssh: { user } }: Settings,
  now: Date,
): Promise<Pick<FleetReport, 'hosts' | 'domains' | 'doubts'>> {
  const monitoring = await lastMonitoring(user);
  if (isUnknown(monitoring)) {
    // The list has a little of it too, which is better than nothing.
    const domains = vms.map((vm) => assess(vm, vm.reported, now).vm);
    const doubt = `the VMs' MONITORING cannot be read: ${monitoring.unknown}`;
    return { hosts, domains, doubts: [...doubts, doubt] };
  }
  const judged = vms.map((vm) => assess(vm, newest(vm.reported, monitoring.get(vm.id)), now));
  const known = hosts.map((host) => withHostError(host, judged));
  return { hosts: known, doubts, domains: judged.map(({ vm }) => vm) };
}

/** A VM, and whether what the probe said of it counts. */
interface Judged {
  readonly vm: FleetDomain;
  readonly isHeard: boolean;
}

function withHostError(host: FleetHost, judged: readonly Judged[]): FleetHost {
  const here = judged.filter(({ vm }) => vm.host === host.host);
  if (here.length === 0 || here.some(({ isHeard }) => isHeard)) return host;
  const silence = `its probe has said nothing of its VMs for ${describeAge(maxAgeSeconds)}`;
  const what = `${host.host} tells nothing: ${silence}, or nothing that can be understood`;
  return { ...host, trouble: { what, remedy: doctorOf(host.host) } };
}

async function lastMonitoring(user: string): Promise<ReadonlyMap<number, ProbeReport> | Unknown> {
  const answered = await askOned(user, encodeLastMonitoring);
  if (isUnknown(answered)) return answered;
  const { answer, from } = answered;
  try {
    const decoded = decodeAnswer(readXml(answer));
    if (isFailure(decoded)) return { unknown: `${from} refuses: ${decoded.what}` };
    return readMonitoring(readXml(decoded));
  } catch (error) {
    return { unknown: `${from} does not answer as oned does: ${errorName(error)}` };
  }
}

/** The times are ISO 8601 in UTC, which are in order as texts. */
function newest(one: ProbeReport | undefined, other: ProbeReport | undefined): ProbeReport | undefined {
  if (!one || !other) return one ?? other;
  return one.time > other.time ? one : other;
}

function assess({ id, name, host }: VmRecord, reported: ProbeReport | undefined, now: Date): Judged {
  const domain = `one-${id}`;
  const base = { domain, pid: null, plan: [], host, vmId: id, name };
  const undecided = (what: string, remedy: string, seen: string | null): Judged => {
    const findings = [{ check: 'monitoring', state: 'unknown', what, remedy }] as const;
    const standing = { verdict: 'undecided', blockState: 'unknown' } as const;
    return { vm: { ...base, ...standing, reason: what, seen, findings }, isHeard: false };
  };
  const doctor = doctorOf(host);
  if (!reported) return undecided(`the probe on ${host} has told nothing of it`, doctor, null);
  const [verdict, blockState] = [readVerdict(reported.verdict), readBlockState(reported.blockState)];
  const seen = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(reported.time) ? reported.time : null;
  if (!verdict || !blockState || seen === null || Number.isNaN(Date.parse(seen)))
    return undecided(`the probe on ${host} tells what cannot be understood`, doctor, null);
  const age = ageOf({ seen }, now) ?? 0;
  const ahead = (Date.parse(seen) - now.getTime()) / 1000;
  if (ahead > maxAgeSeconds) {
    const what = `the probe on ${host} speaks ${describeAge(ahead)} in the future: its clock is not ours`;
    return undecided(what, `set the clocks of ${host} and of this machine`, null);
  }
  if (age > maxAgeSeconds) {
    const what = `the probe on ${host} fell silent: ${verdict} is what it said ${describeAge(age)} ago`;
    return undecided(what, doctor, seen);
  }
  const finding: Finding = {
    check: 'monitoring',
    state: verdict === 'undecided' ? 'unknown' : 'problem',
    what: reported.reason || `the probe says ${verdict}, without a reason`,
    remedy: `on ${host}: ${remedyOf(domain, verdict, blockState)}`,
  };
  const findings = verdict === 'safe' ? [] : [finding];
  const reason = verdict === 'safe' ? '' : finding.what;
  return { vm: { ...base, verdict, blockState, reason, seen, findings }, isHeard: true };
}

function doctorOf(host: string): string {
  return `migrate-guard doctor --host ${host}`;
}

function remedyOf(domain: string, verdict: Verdict, blockState: BlockState): string {
  // Before anything else: until then a migration fails, or kills the VM, whatever its paths are.
  if (needsReset({ blockState })) return resetOf(domain);
  if (blockState === 'not-resumed') return resumeOf(domain);
  if (verdict === 'repairable') return `migrate-guard repair ${domain}`;
  return verdict === 'blocked' ? `migrate-guard explain ${domain}` : `migrate-guard check ${domain} --deep`;
}
