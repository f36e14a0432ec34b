import type { AgentResult } from '../agent-protocol/model/messages';
import { exitCodes } from '../core/exit-codes';
import { withDomainLock } from '../hypervisor/domain-lock';
import { message } from '../messages';
import { isDeployed } from '../hypervisor/model/domain-name';
import { withKnownBuilds } from '../block-state/model/affected';
import { shortReasonOf, type DomainReport } from '../core/finding';
import type { Settings } from '../config/settings';
import type * as Check from '../disk-paths/check-all-domains';
import type { ProbedVm } from '../opennebula/model/monitoring-attributes';

/** Deadline for all VMs of a host, in milliseconds. */
const probeDeadlineMs = 12_000;

/** For OpenNebula's monitoring; the report is the list. One at a time, so that hanging probes do not accumulate. */
export async function answerProbe(settings: Settings): Promise<AgentResult> {
  // libvirt allows no `/` in the name of a domain, so this lock cannot be a domain's.
  const report = await withDomainLock('all/probe', () => probeVms(settings));
  return {
    exit: exitCodes.ok.status,
    result: 'done',
    ...message('vms-counted', { count: report.length }),
    report,
  };
}

/** Checks every VM that OpenNebula runs on this host; a domain that cannot be read is left out. */
async function probeVms(settings: Settings): Promise<ProbedVm[]> {
  const checked: (DomainReport & { readonly deployId: string })[] = [];
  for await (const { uuid, report } of loadCheck().checkAllDomains(settings, probeDeadlineMs, isDeployed))
    if (uuid !== undefined) checked.push({ ...report, deployId: uuid });
  return withKnownBuilds(checked).map(({ deployId, affected, ...report }) => {
    const { domain, verdict, blockState } = report;
    const vmId = domain.slice('one-'.length);
    return { vmId, deployId, verdict, reason: shortReasonOf(report), blockState, affected };
  });
}

function loadCheck(): typeof Check {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- as in run-agent.ts
  return require('../disk-paths/check-all-domains') as typeof Check;
}
