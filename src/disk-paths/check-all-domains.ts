import { inspectDomain } from '../block-state/inspect';
import { blockStateCheck } from '../block-state/model/judge';
import type { Settings } from '../config/settings';
import { errorName } from '../core/error-name';
import { verdictOf, type DomainReport } from '../core/finding';
import { reportNoFacts, unreadable, type UnreadableDomain } from '../core/unreadable-domain';
import { findDomains, type Asked } from '../hypervisor/find-domains';
import type { Domain } from '../hypervisor/model/domain-xml';
import { copyOf, type QemuCopy } from '../hypervisor/model/qemu-copy';
import { isPidGone } from '../hypervisor/process';
import type { VirshOrders } from '../hypervisor/qmp-client';
import { Virsh } from '../hypervisor/virsh';
import { message, type Message } from '../messages';
import { withDeadline } from '../os/deadline';
import { plainCheckFound } from './check';

interface CheckedDomain {
  /** Paths and block state together. */
  readonly report: DomainReport;
  /** Both of a domain that could be read. */
  readonly uuid?: string;
  readonly qemu?: QemuCopy;
}

/**
 * Checks the paths and the block state of every domain of this host that is `wanted`. One domain's error does not hide
 * another domain, and what is not known after `deadline` milliseconds is unknown, not waited for.
 */
export async function* checkAllDomains(
  settings: Settings,
  deadline: number,
  wanted: (name: string) => boolean = () => true,
): AsyncGenerator<CheckedDomain> {
  const end = performance.now() + deadline;
  const domains: (Domain | UnreadableDomain)[] = [];
  for await (const found of findDomains('all', settings, wanted)) domains.push(found);
  const checked = await checkAll(domains, end);
  const virsh = new Virsh(settings.libvirt.deadline * 1000, end);
  for (const domain of domains) {
    if ('why' in domain) {
      yield { report: reportNoFacts(domain) };
      continue;
    }
    const paths = checked.get(domain.name) ?? unknown(domain, message('paths-late', { domain: domain.name }));
    const block = await inspectInTime(domain, settings, end, virsh);
    const qemu = copyOf(domain, domain.pid === undefined || !isPidGone(domain.pid));
    yield { uuid: domain.uuid, qemu, report: withBlockState(paths, block) };
  }
}

/** A report of a domain's paths, and of its block state. */
export function withBlockState<R extends DomainReport>(paths: R, block: DomainReport): R {
  const findings = [...paths.findings, ...block.findings];
  const { blockState, affected, build } = block;
  const program = { ...(affected ? { affected } : {}), ...(build === undefined ? {} : { build }) };
  return { ...paths, findings, blockState, verdict: verdictOf(findings), ...program };
}

/** All domains together, which is fast; then, one by one, those without a report because checking them together failed. */
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
      checked.set(domain.name, unknown(domain, pathsNotChecked(domain, error))),
    );
  }
  return checked;
}

/** The block state, which is unknown where it is not known at `end`, by `performance.now()`. It never throws. */
export async function inspectInTime(
  domain: Domain,
  settings: Settings,
  end: number,
  virsh: VirshOrders,
): Promise<DomainReport> {
  try {
    const inspected = await withDeadline(inspectDomain(domain, settings, virsh, 'if-uncertain'), end);
    return inspected ?? unknownBlockState(domain, message('block-state-late', { domain: domain.name }));
  } catch (error) {
    const values = { domain: domain.name, error: errorName(error) };
    return unknownBlockState(domain, message('block-state-not-read', values));
  }
}

function unknownBlockState(domain: Domain, reason: Reason): DomainReport {
  const report = unknown(domain, reason);
  // Not a finding about its paths, which can be repaired all the same.
  return { ...report, findings: report.findings.map((finding) => ({ ...finding, check: blockStateCheck })) };
}

function pathsNotChecked({ name }: Domain, error: unknown): Reason {
  return message('paths-not-checked', { domain: name, error: errorName(error) });
}

type Reason = Message & { readonly remedy: string };

function unknown(domain: Domain, reason: Reason): DomainReport {
  return reportNoFacts(unreadable(domain, reason));
}
