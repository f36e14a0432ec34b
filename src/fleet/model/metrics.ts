import { affectedAnswers, blockStates, verdicts, type DomainReport } from '../../core/finding';
import { countedDays } from '../../opennebula/model/guards-not-run';
import { inOrder, isAtRisk, type FleetReport } from './fleet';

/** All metrics are gauges. */
export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/**
 * Counts are of every host, also when they are 0, so that an alert ends; a VM has a series of its own only while it is at
 * risk, so that there are few of them.
 */
export function metricsOf(report: FleetReport, version: string): Metric[] {
  return [
    ...aboutAudit(report, version),
    ...aboutHosts(report),
    ...aboutWatchers(report),
    ...aboutGuards(report),
    ...aboutVms(report),
  ];
}

function aboutAudit({ time, source, doubts }: FleetReport, version: string): Metric[] {
  return [
    {
      name: 'migrate_guard_build_info',
      help: 'The migrate-guard that wrote these metrics; always 1.',
      samples: [[{ version }, 1]],
    },
    {
      name: 'migrate_guard_audit_timestamp_seconds',
      help: 'Time of the audit, in seconds since 1970, by its source.',
      samples: [[{ source }, seconds(time)]],
    },
    {
      name: 'migrate_guard_audit_doubts',
      help: 'How many things are not known, apart from single hosts and VMs.',
      samples: [[{}, doubts.length]],
    },
  ];
}

function aboutHosts({ hosts, domains }: FleetReport): Metric[] {
  const names = [...new Set([...hosts, ...domains].map(({ host }) => host))].sort(inOrder);
  const count = (host: string, is: (vm: DomainReport) => boolean): number =>
    domains.filter((vm) => vm.host === host && is(vm)).length;
  return [
    {
      name: 'migrate_guard_host_answered',
      help: 'Whether the host reported all that the audit asked for (1), or not (0).',
      samples: hosts.map(({ host, trouble }) => [{ host }, trouble ? 0 : 1]),
    },
    {
      name: 'migrate_guard_vms',
      help: 'Running VMs by verdict; safe is about the paths of their disks only.',
      samples: names.flatMap((host) =>
        verdicts.map((verdict): Sample => [{ host, verdict }, count(host, (vm) => vm.verdict === verdict)]),
      ),
    },
    {
      name: 'migrate_guard_vms_by_block_state',
      help: "Running VMs by the state of QEMU's disks.",
      samples: names.flatMap((host) =>
        blockStates.map((state): Sample => [
          { host, block_state: state },
          count(host, ({ blockState }) => blockState === state),
        ]),
      ),
    },
    {
      name: 'migrate_guard_vms_by_affected',
      help: 'Running VMs by whether a failed migration leaves their QEMU without its disks.',
      samples: names.flatMap((host) =>
        affectedAnswers.map((answer): Sample => [
          { host, affected: answer },
          count(host, ({ affected = 'unknown' }) => affected === answer),
        ]),
      ),
    },
    {
      name: 'migrate_guard_oldest_finding_timestamp_seconds',
      help: 'Time of the oldest check of a VM of the host, in seconds since 1970.',
      samples: names.flatMap((host): Sample[] => {
        const times = domains.flatMap(({ host: at, seen }) =>
          at === host && seen !== null ? seconds(seen) : [],
        );
        return times.length > 0 ? [[{ host }, Math.min(...times)]] : [];
      }),
    },
  ];
}

/** Only where it is known of a host: in an audit of that host itself. */
function aboutWatchers({ hosts }: FleetReport): Metric[] {
  const known = hosts.flatMap(({ host, watcher }) => (watcher ? [{ host, ...watcher }] : []));
  if (known.length === 0) return [];
  return [
    {
      name: 'migrate_guard_watcher_up',
      help: 'Whether the watcher of the host runs and has written within the last minute (1), or not (0).',
      samples: known.map(({ host, up }) => [{ host }, up ? 1 : 0]),
    },
    {
      name: 'migrate_guard_watcher_repaired_vms',
      help: 'How many VMs the watcher of the host has repaired since its start.',
      samples: known.flatMap(({ host, repaired }) => (repaired === undefined ? [] : [[{ host }, repaired]])),
    },
    {
      name: 'migrate_guard_watcher_wrote_timestamp_seconds',
      help: 'When the watcher of the host wrote last, in seconds since 1970.',
      samples: known.flatMap(({ host, wrote }) => (wrote === undefined ? [] : [[{ host }, seconds(wrote)]])),
    },
  ];
}

/** The metric is left out where its value is unknown. */
function aboutGuards({ hosts, guardsNotRun: notRun }: FleetReport): Metric[] {
  if (!notRun) return [];
  return [
    {
      name: 'migrate_guard_guards_not_run',
      help: `How often the guard could not run on the host in the last ${countedDays} days.`,
      samples: hosts.map(({ host }) => [{ host }, notRun.find((one) => one.host === host)?.count ?? 0]),
    },
    {
      name: 'migrate_guard_last_guard_not_run_timestamp_seconds',
      help: 'Time when the guard could not run on the host for the last time, in seconds since 1970.',
      samples: notRun.map(({ host, last }) => [{ host }, seconds(last)]),
    },
  ];
}

function aboutVms({ domains }: FleetReport): Metric[] {
  return [
    {
      name: 'migrate_guard_vm_at_risk',
      help: 'A VM that is not safe to move, or whose QEMU is stuck, half-inactive or not resumed; always 1.',
      samples: domains
        .filter(isAtRisk)
        .map(({ domain, name, host, verdict, blockState }) => [
          { domain, name: name ?? '', host, verdict, block_state: blockState },
          1,
        ]),
    },
    {
      name: 'migrate_guard_vm_mismatch',
      help: "A VM whose QEMU is not where OpenNebula's record has it; always 1.",
      samples: domains.flatMap(({ domain, name, host, mismatch: kind }): Sample[] =>
        kind === undefined ? [] : [[{ domain, name: name ?? '', host, kind }, 1]],
      ),
    },
  ];
}

function seconds(time: string): number {
  return Date.parse(time) / 1000;
}
