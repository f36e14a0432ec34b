import { isUnknown } from '../core/unknown';
import { monitoringLine, type ProbedVm } from '../opennebula/model/monitoring-attributes';
import { runAgentAction } from '../agent-protocol/run-action';
import type { Call, Reply } from './script-call';

/** Milliseconds. The probes of a host run one after the other, every 30 s; the agent gives up earlier. */
const deadlineMs = 20_000;

/**
 * What the VMs of this host get into their MONITORING. It never fails: one probe's exit status other than 0 makes
 * OpenNebula drop what all the others of that host have found (monitord-client.rb, run_probes).
 */
export async function probe({ version }: Call): Promise<Reply> {
  const answer = await runAgentAction({ version, action: 'probe' }, 'here', deadlineMs);
  const vms = isUnknown(answer) ? undefined : answer.end.report;
  const now = new Date();
  const stdout = Array.isArray(vms) ? vms.map((vm: ProbedVm) => monitoringLine(vm, now)).join('') : '';
  return { exit: 0, stdout, stderr: '' };
}
