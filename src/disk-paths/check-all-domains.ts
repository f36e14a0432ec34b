import { inspectDomain } from '../block-state/inspect';
import { blockStateCheck } from '../block-state/model/judge';
import type { Settings } from '../config/settings';
import { errorName } from '../core/errors';
import { verdictOf, type DomainReport } from '../core/finding';
import { reportNoFacts, type UnreadableDomain } from '../core/unreadable-domain';
import { findDomains, type Asked } from '../hypervisor/find-domains';
import type { Domain } from '../hypervisor/model/domain-xml';
import { copyOf, type QemuCopy } from '../hypervisor/model/qemu-copy';
import { isGone } from '../hypervisor/process';
import { Virsh } from '../hypervisor/virsh';
import { withDeadline } from '../os/deadline';
import { plainCheckFound } from './check';

export interface Examined {
  /** Paths and block state together. */
  readonly report: DomainReport;
  /** Both of a domain that could be read. */
  readonly uuid?: string;
  readonly qemu?: QemuCopy;
}

/**
 * Looks at every domain of this host that is `wanted`: at its paths and at its block state. No domain's trouble hides
 * another, and what is late after `deadline` milliseconds is unknown, not waited for.
 */
export async function* examine(
  settings: Settings,
  deadline: number,
  wanted: (name: string) => boolean = () => true,
): AsyncGenerator<Examined> {
  const end = performance.now() + deadline;
  const domains: (Domain | UnreadableDomain)[] = [];
  for await (const found of findDomains('all', settings)) if (wanted(found.name)) domains.push(found);
  const checked = await checkAll(domains, end);
  const virsh = new Virsh(settings.libvirt.deadline * 1000, end);
  for (const domain of domains) {
    if ('why' in domain) {
      yield { report: reportNoFacts(domain) };
      continue;
    }
    const paths = checked.get(domain.name) ?? unknown(domain, 'its paths were not checked in time');
    const block = await inspectInTime(domain, settings, end, virsh);
    const findings = [...paths.findings, ...block.findings];
    const { blockState } = block;
    const qemu = copyOf(domain, domain.pid === undefined || !isGone(domain.pid));
    yield {
      uuid: domain.uuid,
      qemu,
      report: { ...paths, findings, blockState, verdict: verdictOf(findings) },
    };
  }
}

/** All together, which is fast; and one by one those that a failure of all together has left out. */
async function checkAll(
  domains: readonly (Domain | UnreadableDomain)[],
  end: number,
): Promise<ReadonlyMap<string, DomainReport>> {
  const checked = new Map<string, DomainReport>();
  const check = async (some: typeof domains, asked: Asked): Promise<void> => {
    const reports = plainCheckFound(some, asked);
    for (;;) {
      const next = await withDeadline(reports.next(), end);
      if (!next || next.done === true) return;
      checked.set(next.value.domain, next.value);
    }
  };
  await check(domains, 'all').catch(() => undefined);
  for (const domain of domains) {
    if ('why' in domain || checked.has(domain.name)) continue;
    await check([domain], [domain.name]).catch((error: unknown) =>
      checked.set(domain.name, unknown(domain, errorName(error))),
    );
  }
  return checked;
}

async function inspectInTime(
  domain: Domain,
  settings: Settings,
  end: number,
  virsh: Virsh,
): Promise<DomainReport> {
  try {
    const inspected = await withDeadline(inspectDomain(domain, settings, virsh, 'in-doubt'), end);
    return inspected ?? unknownBlockState(domain, 'its block state was not read in time');
  } catch (error) {
    return unknownBlockState(domain, `its block state cannot be read: ${errorName(error)}`);
  }
}

function unknownBlockState(domain: Domain, why: string): DomainReport {
  const report = unknown(domain, why);
  // This says nothing of its paths, which can be repaired all the same.
  return { ...report, findings: report.findings.map((finding) => ({ ...finding, check: blockStateCheck })) };
}

function unknown({ name, pid }: Domain, why: string): DomainReport {
  return reportNoFacts({
    name,
    ...(pid === undefined ? {} : { pid }),
    why,
    remedy: `migrate-guard check ${name}`,
  });
}
