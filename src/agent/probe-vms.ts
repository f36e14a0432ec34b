import { isDeployed } from '../hypervisor/model/domain-name';
import { withKnownBuilds } from '../block-state/model/affected';
import { shortReasonOf, type DomainReport } from '../core/finding';
import type { Settings } from '../config/settings';
import type { ProbedVm } from '../opennebula/model/monitoring-attributes';
import { checkAllDomains } from '../disk-paths/check-all-domains';

/** Deadline for all VMs of a host, in milliseconds. */
const probeDeadlineMs = 12_000;

/** Checks every VM that OpenNebula runs on this host; a domain that cannot be read is left out. */
export async function probeVms(settings: Settings): Promise<ProbedVm[]> {
  const checked: (DomainReport & { readonly deployId: string })[] = [];
  for await (const { uuid, report } of checkAllDomains(settings, probeDeadlineMs, isDeployed))
    if (uuid !== undefined) checked.push({ ...report, deployId: uuid });
  return withKnownBuilds(checked).map(({ deployId, affected, ...report }) => {
    const { domain, verdict, blockState } = report;
    const vmId = domain.slice('one-'.length);
    return { vmId, deployId, verdict, reason: shortReasonOf(report), blockState, affected };
  });
}
