import { setTimeout as pause } from 'node:timers/promises';
import type { Domain } from '../core/domain';
import { errorName } from '../core/errors';
import { verdictOf, type DomainReport, type Finding } from '../core/finding';
import type { Settings } from '../core/settings';
import type { ProbedVm } from '../opennebula/vm-monitoring';
import { findDomains } from './find-domains';
import { inspectDomain } from './inspect';
import { reportNoFacts } from './no-facts';
import { plainCheck } from './plain-check';

/** Milliseconds for all VMs of a host. What is late is reported as unknown, not waited for. */
const deadline = 12_000;

/** Looks at every VM that OpenNebula runs on this host. No VM's trouble hides another. */
export async function probe(settings: Settings): Promise<ProbedVm[]> {
  const end = Date.now() + deadline;
  const domains: Domain[] = [];
  for await (const found of findDomains('all', settings)) {
    if (!('why' in found) && /^one-[0-9]+$/.test(found.name)) domains.push(found);
  }
  const checked = await checkAll(domains, settings, end);
  const probed: ProbedVm[] = [];
  for (const domain of domains) {
    const report = checked.get(domain.name) ?? unknown(domain, 'its paths were not checked in time');
    probed.push(summarize(domain, report, await inspectInTime(domain, settings, end)));
  }
  return probed;
}

/** All together, which is fast; and one by one those that a failure of all together has left out. */
async function checkAll(
  domains: readonly Domain[],
  settings: Settings,
  end: number,
): Promise<ReadonlyMap<string, DomainReport>> {
  const checked = new Map<string, DomainReport>();
  const check = async (asked: Parameters<typeof plainCheck>[0]): Promise<void> => {
    const reports = plainCheck(asked, settings);
    for (;;) {
      const next = await inTime(reports.next(), end);
      if (!next || next.done === true) return;
      checked.set(next.value.domain, next.value);
    }
  };
  await check('all').catch(() => undefined);
  for (const domain of domains.filter(({ name }) => !checked.has(name))) {
    await check([domain.name]).catch((error: unknown) =>
      checked.set(domain.name, unknown(domain, errorName(error))),
    );
  }
  return checked;
}

async function inspectInTime(domain: Domain, settings: Settings, end: number): Promise<DomainReport> {
  try {
    const inspected = await inTime(inspectDomain(domain, settings), end);
    return inspected ?? unknown(domain, 'its block state was not read in time');
  } catch (error) {
    return unknown(domain, `its block state cannot be read: ${errorName(error)}`);
  }
}

function summarize({ name, uuid }: Domain, paths: DomainReport, block: DomainReport): ProbedVm {
  const findings = [...paths.findings, ...block.findings];
  const verdict = verdictOf(findings);
  return {
    vmId: name.slice('one-'.length),
    deployId: uuid,
    verdict,
    reason: reasonOf(findings, verdict),
    blockState: block.blockState,
  };
}

/** The first finding that the verdict follows from. */
function reasonOf(findings: readonly Finding[], verdict: DomainReport['verdict']): string {
  const first = findings.find(({ state, plan }) => {
    if (verdict === 'undecided') return state === 'unknown';
    return state === 'problem' && (verdict === 'repairable' || plan === undefined);
  });
  if (!first) return '';
  const disk = first.disk === undefined ? '' : `${first.disk} ${first.path ?? ''}`.trim();
  return disk === '' ? first.what : `${disk}: ${first.what}`;
}

function unknown({ name, pid }: Domain, why: string): DomainReport {
  return reportNoFacts({
    name,
    ...(pid === undefined ? {} : { pid }),
    why,
    remedy: `migrate-guard check ${name}`,
  });
}

async function inTime<T>(work: Promise<T>, end: number): Promise<T | undefined> {
  const left = Math.max(0, end - Date.now());
  return Promise.race([work, pause(left, undefined, { ref: false })]);
}
