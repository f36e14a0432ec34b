import type { BlockMemory } from '../../../src/block-state/model/backend-list';
import { judgeMemory } from '../../../src/block-state/model/judge';
import {
  withoutPlainOk,
  reasonOf,
  verdictOf,
  type BlockState,
  type DomainReport,
  type Finding,
} from '../../../src/core/finding';
import {
  worstFirst,
  type FleetDomain,
  type FleetHost,
  type FleetReport,
} from '../../../src/fleet/model/fleet';
import { report } from '../../../src/disk-paths/check';
import { aDomain, domainFacts, sourceFacts } from '../factories';
import { oddNames } from './hostile-names';
import { seeded, type Dice } from './random-fleet';
import { openDevices, ordinaryNames, viewsOf, type Ailment } from './fake-storage';

interface FleetOptions {
  readonly vms: number;
  readonly hosts: number;
  /** The same options and seed give the same fleet. */
  readonly seed?: number;
  /** The share of VMs with a problem, from 0 to 1. */
  readonly trouble?: number;
  readonly source?: FleetReport['source'];
  /** The time of the audit, in ISO 8601. */
  readonly time?: string;
  /** Whether VMs, hosts and reasons have hostile texts, with markup and control characters. */
  readonly odd?: boolean;
  /** The number of hosts that do not answer; only OpenNebula knows their VMs. */
  readonly silentHosts?: number;
}

interface Condition {
  readonly ailment: Ailment;
  readonly blockState: BlockState;
}

/** The problems of VMs; repeated ones are more frequent, as after an afternoon of re-pointed links. */
const conditions: readonly Condition[] = [
  { ailment: 'new-name', blockState: 'healthy' },
  { ailment: 'new-name', blockState: 'healthy' },
  { ailment: 'new-name', blockState: 'unknown' },
  { ailment: 'moved-link', blockState: 'healthy' },
  { ailment: 'new-name', blockState: 'stuck' },
  { ailment: 'none', blockState: 'stuck' },
  { ailment: 'new-name', blockState: 'half-inactive' },
  { ailment: 'other-device', blockState: 'healthy' },
  { ailment: 'gone', blockState: 'healthy' },
  { ailment: 'unreadable', blockState: 'unknown' },
  { ailment: 'none', blockState: 'not-resumed' },
];

/**
 * A fleet as an audit finds it, with findings that the real checks make from invented facts. VMs have the ids from
 * 300 on, hosts are kvm1, kvm2, … in clusters of ten.
 */
export function makeFleet(options: FleetOptions): FleetReport {
  const { vms, hosts, seed = 1, source = 'hosts', time = '2026-11-22T23:59:00.000Z', odd = false } = options;
  const dice = seeded(seed);
  const machines = makeHosts(hosts, options.silentHosts ?? 0, odd);
  const domains = Array.from({ length: vms }, (_, index): FleetDomain => {
    const machine = machines[dice.below(machines.length)] ?? machines[0];
    if (!machine) throw new Error('a fleet with VMs has hosts');
    const vmId = 300 + index;
    const name =
      (odd && oddNames[index % oddNames.length]) || ordinaryNames[dice.below(ordinaryNames.length)];
    const seen = new Date(Date.parse(time) - 1000 * dice.below(source === 'monitoring' ? 300 : 20));
    const place = { host: machine.host, vmId, name: `${name ?? 'vm'}-${vmId}`, seen: seen.toISOString() };
    if (machine.trouble) return { ...place, ...unheard(vmId, machine.host), seen: null };
    const found = makeReport(vmId, dice.chance(options.trouble ?? 0.05) ? dice : undefined);
    return { ...place, ...(source === 'monitoring' ? withoutEvidence(found) : found) };
  });
  return {
    host: 'frontend1',
    time,
    source,
    hosts: source === 'here' ? machines.slice(0, 1) : machines,
    domains: worstFirst(domains),
    doubts: odd ? oddNames.map((name) => `nobody knows about ${name}`) : [],
    vmsListed: true,
  };
}

function makeHosts(count: number, silent: number, odd: boolean): FleetHost[] {
  return Array.from({ length: count }, (_, index): FleetHost => {
    const host = odd && index === 0 ? '<b>kvm&amp;"1"</b>' : `kvm${index + 1}`;
    const cluster = `cluster-${Math.floor(index / 10) + 1}`;
    const trouble = {
      what: 'ssh gave up after 10 s: no route to host',
      remedy: `see whether ${host} is up, then: migrate-guard doctor --host ${host}`,
    };
    return { host, cluster, ...(index >= count - silent ? { trouble } : {}) };
  });
}

type Found = DomainReport & Pick<FleetDomain, 'reason'>;

/** The report of one VM, with two disks; without dice the VM is healthy. */
function makeReport(vmId: number, dice: Dice | undefined): Found {
  const name = `one-${vmId}`;
  const { ailment, blockState } = dice
    ? (conditions[dice.below(conditions.length)] ?? whole)
    : { ...whole, blockState: 'healthy' as const };
  const sources = [0, 1].map((disk) => {
    const source = { disk: `vd${'ab'[disk] ?? ''}`, path: `/var/lib/one//datastores/0/${vmId}/disk.${disk}` };
    return sourceFacts({ source, ...viewsOf(vmId, disk, disk === 0 ? ailment : 'none') });
  });
  const domain = aDomain({ name, sources: sources.map(({ source }) => source) });
  const paths = report(domainFacts({ domain, sources, pid: 1000 + vmId, open: openDevices(vmId) }));
  const findings = [...paths.findings, ...judgeMemory(memoryIn(blockState), name).findings];
  const found = withoutPlainOk({ ...paths, verdict: verdictOf(findings), blockState, findings });
  return { ...found, reason: reasonOf(found) };
}

const whole: Condition = { ailment: 'none', blockState: 'healthy' };

/**
 * The memory of an affected QEMU with two disks: after a hand-over that failed at the second, or after an arrival.
 */
function memoryIn(blockState: BlockState): BlockMemory {
  const waits = blockState === 'not-resumed';
  const disk = (index: number): BlockMemory['backends'][number] => ({
    address: 0x55d0_0000 + index * 0x1000,
    name: `/machine/peripheral/virtio-disk${index}/virtio-backend`,
    disablePerm: waits || blockState === 'stuck' || (blockState === 'half-inactive' && index === 1),
    root: {
      child: 1,
      node: 2,
      name: `libvirt-${2 - index}-format`,
      inactive: waits || (blockState === 'half-inactive' && index === 0),
    },
  });
  const now = waits
    ? { runState: 'paused', migration: 'none' }
    : { runState: 'running', migration: 'failed' };
  return { ...now, backends: [disk(0), disk(1)] };
}

/** Reduces a report to one sentence, as in OpenNebula's MONITORING. */
function withoutEvidence(found: Found): Found {
  const { domain, verdict, reason, blockState } = found;
  const state = verdict === 'undecided' ? 'unknown' : 'problem';
  const remedy = blockState === 'stuck' ? `migrate-guard reset ${domain}` : `migrate-guard check ${domain}`;
  const findings: Finding[] =
    verdict === 'safe' ? [] : [{ check: 'monitoring', state, what: reason, remedy }];
  return { ...found, pid: null, findings, plan: [] };
}

function unheard(vmId: number, host: string): Found {
  const what = `${host} did not answer`;
  const findings: Finding[] = [
    { check: 'domain', state: 'unknown', what, remedy: `see whether ${host} is up` },
  ];
  return {
    domain: `one-${vmId}`,
    pid: null,
    verdict: 'undecided',
    blockState: 'unknown',
    findings,
    plan: [],
    reason: what,
  };
}
