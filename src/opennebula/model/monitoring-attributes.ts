import type { BlockState, Verdict } from '../../core/finding';
import { harmless } from './template-value';

/** What the probe tells of one VM. */
export interface ProbedVm {
  readonly vmId: string;
  /** The domain's UUID, as OpenNebula's own probe says it (im_mad/remotes/lib/kvm.rb). */
  readonly deployId: string;
  readonly verdict: Verdict;
  /** Why it is not safe; empty when it is. */
  readonly reason: string;
  readonly blockState: BlockState;
}

/** All probes of a host share one UDP message of at most 64 KiB (monitord_client.rb). */
const maxReasonChars = 200;

/**
 * One line of a probe in kvm-probes.d/vm/monitor, as monitord reads it (MonitorDriverProtocol.cc, _monitor_vm).
 * monitord keeps what a later message leaves out (VirtualMachineMonitorInfo.cc, from_template), so every attribute
 * is always said, and the time with them: a value that nobody renews can be told by it.
 */
export function monitoringLine(vm: ProbedVm, time: Date): string {
  const lines = Object.entries(probeAttributes(vm, time)).map(([key, value]) => `${key}="${value}"\n`);
  const monitor = Buffer.from(lines.join('')).toString('base64');
  return `VM = [ ID="${vm.vmId}", DEPLOY_ID="${vm.deployId}", MONITOR="${monitor}" ]\n`;
}

/** What a VM's MONITORING holds of us. */
export function probeAttributes(vm: ProbedVm, time: Date): Readonly<Record<string, string>> {
  return {
    MIGRATE_GUARD: vm.verdict,
    MIGRATE_GUARD_REASON: harmless(vm.reason, maxReasonChars),
    MIGRATE_GUARD_BLOCK_STATE: vm.blockState,
    MIGRATE_GUARD_TIME: `${time.toISOString().slice(0, 19)}Z`,
  };
}
