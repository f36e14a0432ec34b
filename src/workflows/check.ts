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

/**
 * How many domains are looked at side by side: enough to share what is dear, one change of credentials and one
 * picture of the host's tree, and few enough that the picture is some ten milliseconds old at most.
 */
const together = 16;

/** Answers, for each domain that was asked for, whether it can migrate, as soon as it is known. */
export async function* check(asked: Asked, options: CheckOptions): AsyncGenerator<DomainReport> {
  // What waits for QEMU, or for another host, is answered one by one.
  const size = options.deep || options.destination !== undefined ? 1 : together;
  for await (const some of inGroups(findDomains(asked, options.settings), size)) {
    const host = TreeView.open('/');
    try {
      // All have ended before the picture is closed, whatever became of one.
      const judged = await Promise.allSettled(some.map((found) => judge(found, options, asked, host)));
      for (const result of judged) {
        if (result.status === 'rejected') throw result.reason;
        yield result.value;
      }
    } finally {
      host.close();
    }
  }
}

async function judge(
  found: Domain | NoFacts,
  options: CheckOptions,
  asked: Asked,
  host: TreeView,
): Promise<DomainReport> {
  if ('why' in found) return reportNoFacts(found);
  try {
    return await checkDomain(found, options, host);
  } catch (error) {
    // Something vanished between two looks: one domain's trouble hides no other.
    if (asked !== 'all' || error instanceof GuardError) throw error;
    const why = `it could not be looked at: ${errorName(error)}`;
    return reportNoFacts({ name: found.name, why, remedy: 'run again' });
  }
}

async function* inGroups<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let group: T[] = [];
  for await (const item of items) {
    group.push(item);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

/** One domain, whose lock or process the caller may hold. Hosts, QEMU and kernel are asked at the same time. */
export async function checkDomain(
  domain: Domain,
  options: CheckOptions,
  host?: TreeView,
): Promise<DomainReport> {
  const { settings, deep } = options;
  const virsh = new Virsh(settings.libvirt.deadline * 1000);
  const depth = deep ? { open: true, askNodes: (name: string) => virsh.blockNodes(name) } : {};
  const [facts, destination, block] = await Promise.all([
    gatherDomain(domain, depth, host),
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

/** The facts of one domain, with a picture of the host's tree: the one given, or one that is as fresh as they are. */
export async function gatherDomain(
  domain: Domain,
  depth: Depth = {},
  picture?: TreeView,
): Promise<DomainFacts | NoFacts> {
  const host = picture ?? TreeView.open('/');
  try {
    return await holdDomain(domain, (held) => gather(held, host, depth));
  } finally {
    if (host !== picture) host.close();
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
