import fc from '../../support/seeded-fast-check';
import { renderMetrics } from '../../../src/fleet/prometheus';
import type { FleetReport } from '../../../src/fleet/model/fleet';
import { makeFleet } from '../../support/fake-fleet/fake-fleet';
import { oddNames } from '../../support/fake-fleet/hostile-names';
import { aFleetDomain } from '../../support/factories';

const report: FleetReport = {
  host: 'frontend',
  time: '2026-11-22T23:59:00.000Z',
  source: 'monitoring',
  hosts: [
    { host: 'kvm1', cluster: 'c', watcher: { up: true, repaired: 3, wrote: '2026-11-22T23:58:50.000Z' } },
    { host: 'kvm2', cluster: null, trouble: { what: 'no answer', remedy: 'look' }, watcher: { up: false } },
  ],
  domains: [
    aFleetDomain({ affected: 'no' }),
    aFleetDomain({
      domain: 'one-311',
      verdict: 'repairable',
      mismatch: 'elsewhere',
      seen: '2026-11-22T23:50:00.000Z',
    }),
    // Its paths are safe; its block state is not.
    aFleetDomain({ domain: 'one-312', name: null, blockState: 'stuck', affected: 'yes' }),
    aFleetDomain({
      domain: 'one-313',
      host: 'kvm2',
      verdict: 'undecided',
      blockState: 'unknown',
      seen: null,
    }),
  ],
  doubts: ['something'],
  vmsListed: true,
};

test('counts of every host with its zeros, and a series for each VM at risk only', () => {
  expect(renderMetrics(report, '1.2.3 (abc)')).toBe(`\
# HELP migrate_guard_build_info The migrate-guard that wrote these metrics; always 1.
# TYPE migrate_guard_build_info gauge
migrate_guard_build_info{version="1.2.3 (abc)"} 1
# HELP migrate_guard_audit_timestamp_seconds Time of the audit, in seconds since 1970, by its source.
# TYPE migrate_guard_audit_timestamp_seconds gauge
migrate_guard_audit_timestamp_seconds{source="monitoring"} 1795391940
# HELP migrate_guard_audit_doubts How many things are not known, apart from single hosts and VMs.
# TYPE migrate_guard_audit_doubts gauge
migrate_guard_audit_doubts 1
# HELP migrate_guard_host_answered Whether the host reported all that the audit asked for (1), or not (0).
# TYPE migrate_guard_host_answered gauge
migrate_guard_host_answered{host="kvm1"} 1
migrate_guard_host_answered{host="kvm2"} 0
# HELP migrate_guard_vms Running VMs by verdict; safe is about the paths of their disks only.
# TYPE migrate_guard_vms gauge
migrate_guard_vms{host="kvm1",verdict="blocked"} 0
migrate_guard_vms{host="kvm1",verdict="undecided"} 0
migrate_guard_vms{host="kvm1",verdict="repairable"} 1
migrate_guard_vms{host="kvm1",verdict="safe"} 2
migrate_guard_vms{host="kvm2",verdict="blocked"} 0
migrate_guard_vms{host="kvm2",verdict="undecided"} 1
migrate_guard_vms{host="kvm2",verdict="repairable"} 0
migrate_guard_vms{host="kvm2",verdict="safe"} 0
# HELP migrate_guard_vms_by_block_state Running VMs by the state of QEMU's disks.
# TYPE migrate_guard_vms_by_block_state gauge
migrate_guard_vms_by_block_state{host="kvm1",block_state="half-inactive"} 0
migrate_guard_vms_by_block_state{host="kvm1",block_state="stuck"} 1
migrate_guard_vms_by_block_state{host="kvm1",block_state="not-resumed"} 0
migrate_guard_vms_by_block_state{host="kvm1",block_state="unknown"} 0
migrate_guard_vms_by_block_state{host="kvm1",block_state="healthy"} 2
migrate_guard_vms_by_block_state{host="kvm2",block_state="half-inactive"} 0
migrate_guard_vms_by_block_state{host="kvm2",block_state="stuck"} 0
migrate_guard_vms_by_block_state{host="kvm2",block_state="not-resumed"} 0
migrate_guard_vms_by_block_state{host="kvm2",block_state="unknown"} 1
migrate_guard_vms_by_block_state{host="kvm2",block_state="healthy"} 0
# HELP migrate_guard_vms_by_affected Running VMs by whether a failed migration leaves their QEMU without its disks.
# TYPE migrate_guard_vms_by_affected gauge
migrate_guard_vms_by_affected{host="kvm1",affected="yes"} 1
migrate_guard_vms_by_affected{host="kvm1",affected="no"} 1
migrate_guard_vms_by_affected{host="kvm1",affected="unknown"} 1
migrate_guard_vms_by_affected{host="kvm2",affected="yes"} 0
migrate_guard_vms_by_affected{host="kvm2",affected="no"} 0
migrate_guard_vms_by_affected{host="kvm2",affected="unknown"} 1
# HELP migrate_guard_oldest_finding_timestamp_seconds Time of the oldest check of a VM of the host, in seconds since 1970.
# TYPE migrate_guard_oldest_finding_timestamp_seconds gauge
migrate_guard_oldest_finding_timestamp_seconds{host="kvm1"} 1795391400
# HELP migrate_guard_watcher_up Whether the watcher of the host runs and has written within the last minute (1), or not (0).
# TYPE migrate_guard_watcher_up gauge
migrate_guard_watcher_up{host="kvm1"} 1
migrate_guard_watcher_up{host="kvm2"} 0
# HELP migrate_guard_watcher_repaired_vms How many VMs the watcher of the host has repaired since its start.
# TYPE migrate_guard_watcher_repaired_vms gauge
migrate_guard_watcher_repaired_vms{host="kvm1"} 3
# HELP migrate_guard_watcher_wrote_timestamp_seconds When the watcher of the host wrote last, in seconds since 1970.
# TYPE migrate_guard_watcher_wrote_timestamp_seconds gauge
migrate_guard_watcher_wrote_timestamp_seconds{host="kvm1"} 1795391930
# HELP migrate_guard_vm_at_risk A VM that is not safe to move, or whose QEMU is stuck, half-inactive or not resumed; always 1.
# TYPE migrate_guard_vm_at_risk gauge
migrate_guard_vm_at_risk{domain="one-311",name="web",host="kvm1",verdict="repairable",block_state="healthy"} 1
migrate_guard_vm_at_risk{domain="one-312",name="",host="kvm1",verdict="safe",block_state="stuck"} 1
migrate_guard_vm_at_risk{domain="one-313",name="web",host="kvm2",verdict="undecided",block_state="unknown"} 1
# HELP migrate_guard_vm_mismatch A VM whose QEMU is not where OpenNebula's record has it; always 1.
# TYPE migrate_guard_vm_mismatch gauge
migrate_guard_vm_mismatch{domain="one-311",name="web",host="kvm1",kind="elsewhere"} 1
`);
});

/** The labels of a line, as Prometheus reads them. */
function labelsOf(line: string): Record<string, string> {
  const inner = /\{(.*)\} [0-9.]+$/s.exec(line)?.[1] ?? '';
  const pairs = [...inner.matchAll(/([a-z_]+)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/g)];
  expect(pairs.map(([pair]) => pair).join('')).toBe(inner);
  return Object.fromEntries(
    pairs.map(([, label = '', value = '']) => [
      label,
      value.replace(/\\(.)/g, (_, character) => (character === 'n' ? '\n' : String(character))),
    ]),
  );
}

test('whatever a name contains, it is one label value of one line, and complete', () => {
  const names = fc.oneof(
    fc.constantFrom(...oddNames),
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom('\\', '"', '\n', 'n', ',', '}', '{', '=', ' ') }),
  );
  fc.assert(
    fc.property(names, names, (domain, name) => {
      const [vm] = report.domains;
      const domains = vm ? [{ ...vm, verdict: 'blocked' as const, domain, name }] : [];
      const lines = renderMetrics({ ...report, domains }, '').split('\n');
      const series = lines.filter((line) => line.startsWith('migrate_guard_vm_at_risk'));
      expect(series).toHaveLength(1);
      const { domain: read, name: readName } = labelsOf(series[0] ?? '');
      const inUtf8 = (text: string): string => Buffer.from(text).toString();
      expect([read, readName]).toEqual([inUtf8(domain), inUtf8(name)]);
    }),
  );
});

test('no series occurs twice, even if a VM does', () => {
  const fleet = makeFleet({ vms: 30, hosts: 3, trouble: 1 });
  const twice = renderMetrics({ ...fleet, domains: [...fleet.domains, ...fleet.domains] }, '');
  const series = twice
    .split('\n')
    .flatMap((line) => (line.startsWith('#') || line === '' ? [] : line.replace(/ \S+$/, '')));
  expect(new Set(series).size).toBe(series.length);
});
