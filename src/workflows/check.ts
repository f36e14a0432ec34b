import { checks } from '../checks';
import type { Domain } from '../core/domain';
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

export interface CheckOptions {
  readonly settings: Settings;
  readonly deep: boolean;
  readonly destination?: string;
}

/** Answers, for each domain that was asked for, whether it can migrate, as soon as it is known. */
export async function* check(asked: Asked, options: CheckOptions): AsyncGenerator<DomainReport> {
  for await (const found of findDomains(asked, options.settings)) {
    yield 'why' in found ? reportNoFacts(found) : await checkDomain(found, options);
  }
}

/** One domain, whose lock or process the caller may hold. Hosts, QEMU and kernel are asked at the same time. */
export async function checkDomain(domain: Domain, options: CheckOptions): Promise<DomainReport> {
  const { settings, deep } = options;
  const virsh = new Virsh(settings.libvirt.deadline * 1000);
  const depth = deep ? { open: true, askNodes: (name: string) => virsh.blockNodes(name) } : {};
  const [facts, destination] = await Promise.all([gatherDomain(domain, depth), askAbout(domain, options)]);
  return 'why' in facts ? reportNoFacts(facts) : report({ ...facts, ...destination });
}

async function askAbout(
  domain: Domain,
  { destination: host, settings }: CheckOptions,
): Promise<Pick<DomainFacts, 'destination'>> {
  if (host === undefined) return {};
  const { user, deadline } = settings.ssh;
  const wanted = domain.sources.map(({ path }) => path);
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

export function reportNoFacts({ name, pid, why, remedy }: NoFacts): DomainReport {
  return {
    domain: name,
    pid: pid ?? null,
    verdict: 'undecided',
    blockState: 'unknown',
    findings: [{ check: 'domain', state: 'unknown', what: why, remedy }],
    plan: [],
  };
}
