import { isUnknown } from '../core/unknown';
import { monitoringLine, type ProbedVm } from '../opennebula/model/monitoring-attributes';
import { runAgentAction } from '../agent-protocol/run-action';
import type { Call, Reply } from './script-call';

/** Deadline in milliseconds. The probes of a host run one after the other, every 30 s; the agent gives up earlier. */
const deadlineMs = 20_000;

/**
 * Prints the attributes for the MONITORING of the VMs of this host. It never fails: when one probe exits with a
 * status other than 0, OpenNebula drops the results of all probes of that host (monitord-client.rb, run_probes).
 */
export async function probe({ version }: Call): Promise<Reply> {
  const answer = await runAgentAction({ version, action: 'probe' }, 'here', deadlineMs);
  const vms = isUnknown(answer) ? undefined : answer.end.report;
  const now = new Date();
  const stdout = Array.isArray(vms) ? vms.map((vm: ProbedVm) => monitoringLine(vm, now)).join('') : '';
  return { exit: 0, stdout, stderr: '' };
}
