import type { AgentResult } from '../agent-protocol/model/messages';
import { exitCodes } from '../core/exit-codes';
import { withDomainLock } from '../hypervisor/domain-lock';
import { listDomains } from '../hypervisor/list-domains';
import { message } from '../messages';
import { foundSafe } from '../watch/found-safe';
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

interface Probed extends Pick<DomainReport, 'domain' | 'verdict' | 'blockState' | 'affected' | 'build'> {
  readonly deployId: string;
  readonly reason: string;
}

/** Every VM that OpenNebula runs on this host; a domain that cannot be read is left out. */
async function probeVms(settings: Settings): Promise<ProbedVm[]> {
  const running = listDomains(settings.libvirt.stateDirectory)?.filter(isDeployed);
  const safe = foundSafe(running ?? [], settings);
  const known = [...safe].map(([domain, { uuid, ...vm }]): Probed => ({ ...vm, domain, deployId: uuid }));
  const isKnown = running?.every((name) => safe.has(name)) === true;
  const others = isKnown ? [] : await check(settings, (name) => isDeployed(name) && !safe.has(name));
  return withKnownBuilds([...known, ...others]).map(
    ({ domain, deployId, verdict, reason, blockState, affected }) => {
      const vmId = domain.slice('one-'.length);
      return { vmId, deployId, verdict, reason, blockState, affected };
    },
  );
}

async function check(settings: Settings, isWanted: (name: string) => boolean): Promise<Probed[]> {
  const checked: Probed[] = [];
  for await (const { uuid, report } of loadCheck().checkAllDomains(settings, probeDeadlineMs, isWanted))
    if (uuid !== undefined) checked.push({ ...report, deployId: uuid, reason: shortReasonOf(report) });
  return checked;
}

function loadCheck(): typeof Check {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- as in run-agent.ts
  return require('../disk-paths/check-all-domains') as typeof Check;
}
