import type { Affected, BlockState, Verdict } from '../../core/finding';
import { maxShortChars } from '../../messages';
import { harmless } from './template-value';

/** The probe's report of one VM. */
export interface ProbedVm {
  readonly vmId: string;
  /** The domain's UUID, as OpenNebula's own probe reports it (im_mad/remotes/lib/kvm.rb). */
  readonly deployId: string;
  readonly verdict: Verdict;
  /** Why it is not safe, in the short form; empty when it is. */
  readonly reason: string;
  readonly blockState: BlockState;
  readonly affected: Affected;
}

/**
 * One line of a probe in kvm-probes.d/vm/monitor, as monitord reads it (MonitorDriverProtocol.cc, _monitor_vm).
 * monitord keeps attributes that a later message leaves out (VirtualMachineMonitorInfo.cc, from_template), so every
 * attribute is always written, together with the time, which reveals an outdated value.
 */
export function monitoringLine(vm: ProbedVm, time: Date): string {
  const lines = Object.entries(probeAttributes(vm, time)).map(([key, value]) => `${key}="${value}"\n`);
  const monitor = Buffer.from(lines.join('')).toString('base64');
  return `VM = [ ID="${vm.vmId}", DEPLOY_ID="${vm.deployId}", MONITOR="${monitor}" ]\n`;
}

/**
 * The names of our attributes in a VM's MONITORING. `onevm show` cuts names after 20 characters and values after 80
 * (onevm_helper.rb, format_resource, `trunc`, since 7.0).
 */
export const attributes = {
  verdict: 'MIGRATE_GUARD',
  reason: 'MIGRATE_GUARD_WHY',
  blockState: 'MIGRATE_GUARD_DISKS',
  affected: 'MIGRATE_GUARD_QEMU',
  time: 'MIGRATE_GUARD_TIME',
} as const;

/** The value of the attribute about QEMU. */
export function qemuWord(affected: Affected): string {
  return affected === 'unknown' ? affected : affected === 'yes' ? 'affected' : 'unaffected';
}

/** The names that probes of release 0.2.0 and before use; to be dropped after the release that follows it. */
export const earlierAttributes = {
  reason: 'MIGRATE_GUARD_REASON',
  blockState: 'MIGRATE_GUARD_BLOCK_STATE',
} as const;

/** The values of all of them. */
export function probeAttributes(vm: ProbedVm, time: Date): Readonly<Record<string, string>> {
  return {
    [attributes.verdict]: vm.verdict,
    // `onevm show` and Sunstone cut it; and all probes of a host share one UDP message of 64 KiB (monitord_client.rb).
    [attributes.reason]: harmless(vm.reason, maxShortChars),
    [attributes.blockState]: vm.blockState,
    [attributes.affected]: qemuWord(vm.affected),
    [attributes.time]: `${time.toISOString().slice(0, 19)}Z`,
  };
}
