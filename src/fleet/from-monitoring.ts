import { resetOf } from '../block-state/model/judge';
import { errorName } from '../core/error-name';
import { isFailure } from '../core/errors';
import { affectedAnswers, type BlockState, type Finding, type Verdict } from '../core/finding';
import {
  ageOf,
  describeAge,
  needsReset,
  type FleetDomain,
  type FleetHost,
  type FleetReport,
} from './model/fleet';
import { message, textOf, type Message } from '../messages';
import { resumeOf } from '../hypervisor/model/guest-origin';
import { readBlockState, readVerdict } from '../core/report-json';
import type { Settings } from '../config/settings';
import { isUnknown, type Unknown } from '../core/unknown';
import { qemuWord } from '../opennebula/model/monitoring-attributes';
import { readMonitoring, type VmRecord, type ProbeReport } from '../opennebula/model/vm-pool';
import { decodeAnswer, encodeLastMonitoring } from '../opennebula/model/xml-rpc';
import { askOned } from '../opennebula/oned-client';
import { readXml } from '../os/read-xml';
import type { Scope } from './scope';

/**
 * Seconds after which a report of the probe is too old. The probe runs about every 30 seconds (MONITOR_VM of
 * monitord.conf), and monitord keeps the last report of a stopped probe for ever.
 */
const maxAgeSeconds = 15 * 60;

/**
 * Reads what OpenNebula's collectors reported of each VM: no host is asked. A host without a recent report of any VM
 * is a host error; a failure to read oned's monitoring is a warning.
 */
export async function fromMonitoring(
  { hosts, vms, doubts }: Scope,
  { ssh: { user } }: Settings,
  now: Date,
): Promise<Pick<FleetReport, 'hosts' | 'domains' | 'doubts'>> {
  const monitoring = await lastMonitoring(user);
  if (isUnknown(monitoring)) {
    // The list of VMs holds part of the monitoring, too, which is better than nothing.
    const domains = vms.map((vm) => assess(vm, vm.reported, now).vm);
    const warning = textOf('monitoring-not-read', { why: monitoring.unknown });
    return { hosts, domains, doubts: [...doubts, warning] };
  }
  const judged = vms.map((vm) => assess(vm, newest(vm.reported, monitoring.get(vm.id)), now));
  const known = hosts.map((host) => withHostError(host, judged));
  return { hosts: known, doubts, domains: judged.map(({ vm }) => vm) };
}

/** A VM, and whether the probe's report of it is recent and readable. */
interface Judged {
  readonly vm: FleetDomain;
  readonly isRecent: boolean;
}

function withHostError(host: FleetHost, judged: readonly Judged[]): FleetHost {
  const here = judged.filter(({ vm }) => vm.host === host.host);
  if (here.length === 0 || here.some(({ isRecent }) => isRecent)) return host;
  const values = { host: host.host, age: describeAge(maxAgeSeconds) };
  const { what, remedy } = message('host-silent', values);
  return { ...host, trouble: { what, remedy } };
}

async function lastMonitoring(user: string): Promise<ReadonlyMap<number, ProbeReport> | Unknown> {
  const answered = await askOned(user, encodeLastMonitoring);
  if (isUnknown(answered)) return answered;
  const { answer, from } = answered;
  try {
    const decoded = decodeAnswer(readXml(answer));
    if (isFailure(decoded)) return { unknown: textOf('oned-refuses', { from, reason: decoded.what }) };
    return readMonitoring(readXml(decoded));
  } catch (error) {
    return { unknown: textOf('not-oned', { from, error: errorName(error) }) };
  }
}

/** Times are ISO 8601 in UTC, so their text order is their time order. */
function newest(one: ProbeReport | undefined, other: ProbeReport | undefined): ProbeReport | undefined {
  if (!one || !other) return one ?? other;
  return one.time > other.time ? one : other;
}

function assess({ id, name, host }: VmRecord, reported: ProbeReport | undefined, now: Date): Judged {
  const domain = `one-${id}`;
  const base = { domain, pid: null, plan: [], host, vmId: id, name };
  const undecided = (why: Message, seen: string | null): Judged => {
    const findings = [{ check: 'monitoring', state: 'unknown', ...why }] as const;
    const status = { verdict: 'undecided', blockState: 'unknown' } as const;
    return { vm: { ...base, ...status, reason: why.what, seen, findings }, isRecent: false };
  };
  if (!reported) return undecided(message('never-reported', { host }), null);
  const [verdict, blockState] = [readVerdict(reported.verdict), readBlockState(reported.blockState)];
  const seen = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(reported.time) ? reported.time : null;
  if (!verdict || !blockState || seen === null || Number.isNaN(Date.parse(seen)))
    return undecided(message('report-not-understood', { host }), null);
  const age = ageOf({ seen }, now) ?? 0;
  const ahead = (Date.parse(seen) - now.getTime()) / 1000;
  if (ahead > maxAgeSeconds) {
    return undecided(message('report-from-future', { host, age: describeAge(ahead) }), null);
  }
  if (age > maxAgeSeconds) {
    return undecided(message('report-too-old', { host, verdict, age: describeAge(age) }), seen);
  }
  const finding: Finding = {
    check: 'monitoring',
    state: verdict === 'undecided' ? 'unknown' : 'problem',
    what: reported.reason || textOf('no-reason-reported', { verdict }),
    remedy: textOf('on-host', { host, order: remedyOf(domain, verdict, blockState) }),
  };
  const findings = verdict === 'safe' ? [] : [finding];
  const reason = verdict === 'safe' ? '' : finding.what;
  const affected = affectedAnswers.find((answer) => qemuWord(answer) === reported.affected) ?? 'unknown';
  return { vm: { ...base, verdict, blockState, reason, seen, findings, affected }, isRecent: true };
}

function remedyOf(domain: string, verdict: Verdict, blockState: BlockState): string {
  // A mismatch comes first: until it is resolved, a migration fails or kills the VM, whatever its paths are.
  if (needsReset({ blockState })) return resetOf(domain);
  if (blockState === 'not-resumed') return resumeOf(domain);
  if (verdict === 'repairable') return textOf('repair-domain', { domain });
  return verdict === 'blocked' ? textOf('explain-domain', { domain }) : textOf('check-deep', { domain });
}
