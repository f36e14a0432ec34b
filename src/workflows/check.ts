import { checks } from '../checks';
import type { Domain } from '../core/domain';
import { errorName, GuardError } from '../core/errors';
import type { DomainFacts, NoFacts } from '../core/facts';
import { verdictOf, type DomainReport } from '../core/finding';
import { mergePlans } from '../core/plan';
import type { Settings } from '../core/settings';
import { askDestination } from '../system/destination';
import { gather, type Depth } from '../system/gather';
import { holdDomain } from '../system/held-domain';
import { TreeView } from '../system/view';
import { Virsh } from '../system/virsh';
import { findDomains, type Asked } from './find-domains';
import { inspectDomain } from './inspect';
import { reportNoFacts } from './no-facts';

export interface CheckOptions {
  readonly settings: Settings;
  readonly deep: boolean;
  readonly destination?: string;
}

/** Answers, for each domain that was asked for, whether it can migrate, as soon as it is known. */
export async function* check(asked: Asked, options: CheckOptions): AsyncGenerator<DomainReport> {
  for await (const found of findDomains(asked, options.settings)) {
    if ('why' in found) {
      yield reportNoFacts(found);
      continue;
    }
    try {
      yield await checkDomain(found, options);
    } catch (error) {
      // Something vanished between two looks: one domain's trouble hides no other.
      if (asked !== 'all' || error instanceof GuardError) throw error;
      yield reportNoFacts({
        name: found.name,
        why: `it could not be looked at: ${errorName(error)}`,
        remedy: 'run again',
      });
    }
  }
}

/** One domain, whose lock or process the caller may hold. Hosts, QEMU and kernel are asked at the same time. */
export async function checkDomain(domain: Domain, options: CheckOptions): Promise<DomainReport> {
  const { settings, deep } = options;
  const virsh = new Virsh(settings.libvirt.deadline * 1000);
  const depth = deep ? { open: true, askNodes: (name: string) => virsh.blockNodes(name) } : {};
  const [facts, destination, block] = await Promise.all([
    gatherDomain(domain, depth),
    askAbout(domain, options),
    deep ? inspectDomain(domain, settings) : undefined,
  ]);
  if ('why' in facts) return reportNoFacts(facts);
  return withBlockState(report({ ...facts, ...destination }), block);
}

/** A QEMU that an earlier failure left stuck or half-inactive cannot migrate, however right its paths are. */
function withBlockState(
  base: DomainReport,
  block: Pick<DomainReport, 'blockState' | 'findings'> | undefined,
): DomainReport {
  if (!block) return base;
  const findings = [...base.findings, ...block.findings];
  return { ...base, blockState: block.blockState, findings, verdict: verdictOf(findings) };
}

async function askAbout(
  domain: Domain,
  { destination: host, settings }: CheckOptions,
): Promise<Pick<DomainFacts, 'destination'>> {
  if (host === undefined) return {};
  const { user, deadline } = settings.ssh;
  // libvirt makes a missing NVRAM file over there from its template (src/qemu/qemu_process.c, qemuPrepareNVRAM).
  const wanted = domain.sources.filter(({ role }) => role !== 'nvram').map(({ path }) => path);
  return { destination: { host, paths: await askDestination(host, user, wanted, deadline * 1000) } };
}

/** The facts of one domain, with a picture of the host's tree that is as fresh as they are. */
export async function gatherDomain(domain: Domain, depth: Depth = {}): Promise<DomainFacts | NoFacts> {
  const host = TreeView.open('/');
  try {
    return await holdDomain(domain, (held) => gather(held, host, depth));
  } finally {
    host.close();
  }
}

/** Judges facts: every check in turn, then the verdict and the whole plan. */
export function report(facts: DomainFacts): DomainReport {
  const findings = checks.flatMap(({ inspect }) => inspect(facts));
  return {
    domain: facts.domain.name,
    pid: facts.pid,
    verdict: verdictOf(findings),
    blockState: 'unknown',
    findings,
    plan: mergePlans(findings.flatMap(({ plan }) => (plan ? [plan] : []))),
  };
}
