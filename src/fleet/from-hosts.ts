import type { NotStarted } from '../agent-protocol/connection';
import type { AgentRequest } from '../agent-protocol/model/request';
import { agentOn, runAgentAction, type HostAnswer } from '../agent-protocol/run-action';
import type { Settings } from '../config/settings';
import { reasonOf, type DomainReport, type Verdict } from '../core/finding';
import { isUnknown } from '../core/unknown';
import { reportOf } from '../core/unreadable-domain';
import type { VmRecord } from '../opennebula/model/vm-pool';
import type { FleetDomain, FleetHost } from './model/fleet';
import { message, textOf } from '../messages';
import { noQemu } from './model/mismatch';
import { askEachHost } from './ask-each-host';
import type { Scope } from './scope';

/** Deadline for one host, in milliseconds: longer than its agent's own deadline for all its VMs. */
const hostDeadlineMs = 60_000;

export interface Asking {
  readonly settings: Settings;
  /** The version of this program: an agent of another release may refuse the request. */
  readonly version: string;
  /** Called after each host. */
  readonly progress: (done: number, all: number) => void;
}

/** A VM as its own host reports it; `now` holds the present state where the report is a forecast. */
export type ReportedDomain = FleetDomain & { readonly now?: Verdict };

/**
 * Asks every host itself, some at a time. A host that cannot be asked, or whose connection breaks, stays in the list
 * with the reason, as do the VMs that OpenNebula lists there.
 */
export async function fromHosts(
  { hosts, vms, records }: Pick<Scope, 'hosts' | 'vms' | 'records'>,
  request: Pick<AgentRequest, 'action' | 'changes'>,
  asking: Asking,
): Promise<{ readonly hosts: readonly FleetHost[]; readonly domains: readonly ReportedDomain[] }> {
  let done = 0;
  const all = await askEachHost(hosts, async (host) => {
    const placed = vms.filter((vm) => vm.host === host.host);
    const reported = await askOne(host, { placed, records }, request, asking);
    asking.progress(++done, hosts.length);
    return reported;
  });
  const domains = all.flatMap((one) => one.domains);
  // During a migration OpenNebula lists the VM on the destination, while the source reports it.
  const seen = new Set(domains.filter((domain) => domain.seen !== null).map(({ domain }) => domain));
  return {
    hosts: all.map(({ host }) => host),
    domains: domains.filter((domain) => domain.seen !== null || !seen.has(domain.domain)),
  };
}

async function askOne(
  host: FleetHost,
  { placed, records }: { readonly placed: readonly VmRecord[]; readonly records: Scope['records'] },
  { action, changes }: Pick<AgentRequest, 'action' | 'changes'>,
  { settings, version }: Asking,
): Promise<{ host: FleetHost; domains: ReportedDomain[] }> {
  const domains = new Map<string, ReportedDomain>();
  const add = (
    report: DomainReport,
    seen: string | null,
    more: Pick<ReportedDomain, 'now' | 'qemu'>,
  ): void => {
    const id = /^one-([0-9]{1,10})$/.exec(report.domain)?.[1];
    const vmId = id === undefined ? null : Number(id);
    const name = vmId === null ? null : (records?.get(vmId)?.name ?? null);
    const vm = { ...report, host: host.host, vmId, name, reason: reasonOf(report), seen };
    domains.set(report.domain, { ...vm, ...more });
  };
  const answer = await runAgentAction(
    { version, action, ...(changes ? { changes } : {}) },
    agentOn(host.host, settings),
    hostDeadlineMs,
    ({ report, now, qemu }) =>
      add(report, new Date().toISOString(), { ...(now ? { now } : {}), ...(qemu ? { qemu } : {}) }),
  );
  const trouble = troubleOf(host.host, answer, settings.ssh.user);
  // VMs that a change does not affect are not reported.
  const unreported =
    action === 'audit' || trouble ? placed.filter(({ id }) => !domains.has(`one-${id}`)) : [];
  for (const record of unreported) {
    const finding = trouble ? ({ check: 'host', state: 'unknown', ...trouble } as const) : noQemu(record);
    add(reportOf({ name: `one-${record.id}` }, 'unknown', [finding]), null, {});
  }
  return { host: trouble ? { ...host, trouble } : host, domains: [...domains.values()] };
}

function troubleOf(host: string, answer: HostAnswer | NotStarted, user: string): FleetHost['trouble'] {
  if (isUnknown(answer)) {
    const { what, remedy } = message('host-not-asked', { host, why: answer.unknown, user });
    return { what, remedy };
  }
  const { exit, what, remedy } = answer.end;
  if (exit === 0) return undefined;
  const reported = textOf('host-says', { host, reason: what });
  return { what: reported, remedy: remedy ?? textOf('doctor-of-host', { host }) };
}
