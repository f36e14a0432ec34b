import { isPidGone } from '../hypervisor/process';
import { failureOf, GuardError, isFailure, type Failure } from '../core/errors';
import type { Step } from '../core/repair-step';
import { isUnknown } from '../core/unknown';
import type { UnreadableDomain } from '../core/unreadable-domain';
import { collectDomainFacts, report } from '../disk-paths/check';
import { planWithNeighbours } from '../disk-paths/model/plan-with-neighbours';
import { collectFacts } from '../disk-paths/io/collect-facts';
import { removeLeftovers } from '../disk-paths/io/dev-tree';
import { openByQemu, openingByQemu, type QemuAsking } from '../disk-paths/io/open-by-qemu';
import { readPaths, type WhereLinksPoint } from '../disk-paths/io/read-paths';
import type { DomainFacts, SourceFacts } from '../disk-paths/model/facts';
import { mergePlans, type Plan } from '../disk-paths/model/plan';
import { isReopened } from '../disk-paths/model/reopened';
import { apply } from '../disk-paths/steps';
import { identity, sameIdentity, type Disk } from '../file-tree/model/entry';
import { diskAt } from '../file-tree/model/walk';
import { FileTree } from '../file-tree/tree';
import { patienceForMove, withDomainLock } from '../hypervisor/domain-lock';
import type { HeldDomain, HeldDomains } from '../hypervisor/hold-domain';
import type { Domain } from '../hypervisor/model/domain-xml';
import { message, textOf } from '../messages';
import { goesThrough } from './model/link-map';
import { sourcesAfter } from './simulate';

/** A link of the host, and the target that it is to have. */
export interface TargetLink {
  readonly path: string;
  readonly target: string;
}

/**
 * The paths of the disks that were sound before, and still are with the new path made; or why the domain keeps the
 * link from being re-pointed.
 */
type Preparation = { readonly sound: ReadonlySet<string> } | Failure;

/** How the QEMU of a domain is asked. */
export type AskingFor = (domain: Domain) => QemuAsking;

const problem = (what: string): Failure => failureOf('problem', { what });

/**
 * Makes, inside one domain's namespace, the path that its disks will have once the link is re-pointed, and proves it:
 * the end of that path is opened there as QEMU's user, and is the device that QEMU holds. The present paths of its
 * disks stay intact, too: they are needed if the link is not re-pointed after all.
 */
export async function prepareDomainForLink(
  domain: Domain,
  target: TargetLink,
  dryRun: boolean,
  group: HeldDomains,
  asking: AskingFor,
): Promise<Preparation> {
  try {
    const work = (held: HeldDomain): Promise<Preparation> =>
      prepareHeldDomain(held, target, dryRun, asking(domain));
    const done = await withDomainLock(domain.name, () => group.with(domain, work), {
      patience: patienceForMove,
    });
    if ('why' in done) return problem(done.why);
    return isFailure(done)
      ? failureOf('problem', message('of-domain', { domain: domain.name, reason: done.what }))
      : done;
  } catch (error) {
    if (error instanceof GuardError) return error;
    throw error;
  }
}

async function prepareHeldDomain(
  held: HeldDomain,
  target: TargetLink,
  dryRun: boolean,
  asking: QemuAsking,
): Promise<Preparation> {
  if (!dryRun) removeLeftovers(held);
  const facts = await collectFacts(held, { open: true });
  const through = sourcesThrough(facts, target.path);
  const wrong = firstUncertainty(facts, through);
  if (wrong !== undefined) return problem(wrong);
  const sound = soundPaths(facts);

  const links: WhereLinksPoint = new Map([[target.path, target.target]]);
  const plan = await planForTarget(facts, through, held, links);
  if (isFailure(plan)) return plan;
  const wrongBeside = firstUncertainty(facts, sourcesTouched(facts, plan.steps));
  if (wrongBeside !== undefined) return problem(wrongBeside);
  if (dryRun) return { sound };

  const host = FileTree.open('/');
  const { undo, error } = await apply(plan.steps, { held, host, links }).finally(() => host.close());
  if (error) throw error;
  const future = through.map((source) => ({ source, links }));
  const present = facts.sources
    .filter((source) => sound.has(source.source.path) && isReopened(source, facts) !== false)
    .map((source) => ({ source, links: asTheyAre }));
  try {
    const failure =
      (await provesWrong(held, [...future, ...present])) ??
      (await qemuProvesWrong(held, future, facts, asking));
    if (failure !== undefined) {
      undo();
      return problem(failure);
    }
  } catch (failed) {
    undo();
    throw failed;
  }
  removeLeftovers(held);
  return { sound };
}

const asTheyAre: WhereLinksPoint = new Map();

/**
 * The steps that make the future paths of these sources; none where they already lead to the right device. A link
 * that is replaced may be on the path of another disk, or on a present path: those are kept intact as well.
 */
async function planForTarget(
  facts: DomainFacts,
  through: readonly SourceFacts[],
  held: HeldDomain,
  links: WhereLinksPoint,
): Promise<Plan> {
  const then = await sourcesAfter(through, held, links);
  const now = await sourcesAfter(facts.sources, held, asTheyAre);
  const plans: (readonly Step[])[] = [];
  for (const [index, source] of through.entries()) {
    const after = then[index];
    const disk = diskOf(source);
    if (!after || !disk)
      return failureOf('problem', message('source-leads-to-no-disk', { path: source.source.path }));
    const { end } = after.namespace;
    if (end.kind === 'found' && sameIdentity(end.entry, disk)) continue;
    const plan = planWithNeighbours(after, { ...facts, sources: [...then, ...now] });
    if (isFailure(plan)) return plan;
    plans.push(plan.steps);
  }
  return { steps: mergePlans(plans) };
}

/**
 * The disk of a source that is sound. A read-only one may have no path inside: then it is the host's, which QEMU
 * holds open.
 */
function diskOf({ namespace, host }: SourceFacts): Disk | undefined {
  return diskAt(namespace) ?? diskAt(host);
}

/** The sources whose paths inside use a link that these steps replace. */
function sourcesTouched({ sources }: DomainFacts, steps: readonly Step[]): SourceFacts[] {
  const replaced = steps.filter(({ step }) => step === 'replace-symlink');
  return sources.filter(({ namespace }) => replaced.some(({ path }) => goesThrough(namespace, path)));
}

/** A source whose path has to be intact while the links have these targets. */
interface PathClaim {
  readonly source: SourceFacts;
  readonly links: WhereLinksPoint;
}

/**
 * Reads the paths again and opens their ends.
 * @returns what is wrong with the first that is not right
 */
async function provesWrong(held: HeldDomain, claims: readonly PathClaim[]): Promise<string | undefined> {
  for (const { source: facts, links } of claims) {
    const { source } = facts;
    const disk = diskOf(facts);
    if (!disk) return textOf('source-leads-to-no-disk', { path: source.path });
    const [read] = await readPaths(held, [source], links, { open: true });
    const end = read?.answer.resolved.end;
    const opened = read?.opened;
    if (opened && 'unknown' in opened) return opened.unknown;
    if (end?.kind !== 'found' || !sameIdentity(end.entry, disk))
      return textOf('path-would-lead-elsewhere', { disk: source.disk, device: identity(disk) });
    if (!opened) return textOf('end-not-opened', { end: end.path });
    if (opened.kind === 'refused') return textOf('end-refused', { end: end.path, error: opened.error });
    if (!sameIdentity(opened.entry, disk))
      return textOf('end-leads-elsewhere', { end: end.path, device: identity(opened.entry) });
  }
  return undefined;
}

/**
 * Has QEMU itself open the ends of the future paths: the links do not exist yet. Where it may not be asked, what another
 * process opened stays the proof.
 * @returns what is wrong with the first that is not right
 */
async function qemuProvesWrong(
  held: HeldDomain,
  claims: readonly PathClaim[],
  facts: DomainFacts,
  asking: QemuAsking,
): Promise<string | undefined> {
  const reopened = claims.filter(({ source }) => isReopened(source, facts) !== false);
  const paths = reopened.map(({ source, links }) => ({ source: source.source, links }));
  const answers = await openByQemu(held, paths, asking);
  const sources = reopened.map(({ source }, index): SourceFacts => {
    const byQemu = answers[index];
    return byQemu ? { ...source, byQemu } : source;
  });
  return firstUncertainty({ ...facts, sources }, sources);
}

/**
 * After the link was re-pointed: why the domain's disks behind it, or those that were sound before, are not certain
 * any more; `undefined` if they are.
 */
export async function uncertaintyAfter(
  domain: Domain,
  path: string,
  sound: ReadonlySet<string>,
  asking: AskingFor,
): Promise<string | undefined> {
  const openByQemu = openingByQemu(asking(domain), (source) => isThrough(source, path));
  const facts: DomainFacts | UnreadableDomain = await collectDomainFacts(domain, { open: true, openByQemu });
  if ('why' in facts) {
    // A domain that ended meanwhile needs no path; one that just starts already has its namespace, made for the old
    // path.
    const ended = domain.pid !== undefined && isPidGone(domain.pid);
    return ended ? undefined : facts.why;
  }
  const through = new Set(sourcesThrough(facts, path));
  const affected = facts.sources.filter((source) => through.has(source) || sound.has(source.source.path));
  return firstUncertainty(facts, affected);
}

function sourcesThrough(facts: DomainFacts, link: string): SourceFacts[] {
  return facts.sources.filter((source) => isThrough(source, link));
}

function isThrough({ host, namespace }: SourceFacts, link: string): boolean {
  return goesThrough(host, link) || goesThrough(namespace, link);
}

/** The first finding on these sources that is not `ok`. */
function firstUncertainty(facts: DomainFacts, sources: readonly SourceFacts[]): string | undefined {
  if (isUnknown(facts.open)) return facts.open.unknown;
  const paths = new Set(sources.map(({ source }) => source.path));
  const finding = report(facts).findings.find(
    ({ state, path }) => state !== 'ok' && path !== undefined && paths.has(path),
  );
  return finding && textOf('of-disk', { disk: finding.disk ?? '', reason: finding.what });
}

/** The paths of the sources on which every finding is `ok`, and none has anything to repair. */
function soundPaths(facts: DomainFacts): Set<string> {
  const sound = new Set(facts.sources.map(({ source }) => source.path));
  for (const { state, path, plan } of report(facts).findings)
    if ((state !== 'ok' || plan !== undefined) && path !== undefined) sound.delete(path);
  return sound;
}
