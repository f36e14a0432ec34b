import { existsSync } from 'node:fs';
import { isReopened } from '../checks/check';
import { planWithNeighbours } from '../checks/disk-path';
import type { DiskSource, Domain } from '../core/domain';
import { identity, type DeviceEntry, type FileEntry } from '../core/entry';
import { GuardError } from '../core/errors';
import { isUnknown, type DomainFacts, type NoFacts, type SourceFacts } from '../core/facts';
import { canBeDisk, mergePlans, sameIdentity, type Plan, type Step } from '../core/plan';
import { goesThrough } from '../core/relink';
import { walk } from '../core/walk';
import { apply } from '../steps';
import { withDomainLock } from '../system/domain-lock';
import { sweep } from '../system/dev-tree';
import { gather } from '../system/gather';
import { holdDomain, type HeldDomain } from '../system/held-domain';
import { openInside } from '../system/open-inside';
import { TreeView } from '../system/view';
import { gatherDomain, report } from './plain-check';
import { insideAfter, sourcesAfter, type Links } from './ways-after';

/** A link of the host, and the target that it shall have. */
export interface Wish {
  readonly path: string;
  readonly target: string;
}

/** The paths of the disks that were sound before and are with the way made, or why the domain keeps the link from being moved. */
export type Way = { readonly sound: ReadonlySet<string> } | { readonly doubt: string };

/**
 * Makes, inside one domain's namespace, the way that its disks will take once the link points elsewhere, and
 * proves it: the end of that way is opened there as QEMU's user, and is the device that QEMU holds. The ways that
 * its disks take today stay whole, too: they are what is left if the link is not moved after all.
 */
export async function makeWay(domain: Domain, wish: Wish, dryRun: boolean): Promise<Way> {
  const host = TreeView.open('/');
  try {
    const work = (held: HeldDomain): Promise<Way> => makeWayHeld(held, host, wish, dryRun);
    const done = await withDomainLock(domain.name, () => holdDomain(domain, work));
    if ('why' in done) return { doubt: done.why };
    return 'doubt' in done ? { doubt: `${domain.name}: ${done.doubt}` } : done;
  } catch (error) {
    if (error instanceof GuardError) return { doubt: error.what };
    throw error;
  } finally {
    host.close();
  }
}

async function makeWayHeld(held: HeldDomain, host: TreeView, wish: Wish, dryRun: boolean): Promise<Way> {
  if (!dryRun) sweep(held);
  const facts = await gather(held, host, { open: openInside });
  const through = sourcesThrough(facts, wish.path);
  const doubt = doubtOf(facts, through);
  if (doubt !== undefined) return { doubt };
  const sound = soundPaths(facts);

  const links: Links = new Map([[wish.path, wish.target]]);
  const plan = planWays(facts, through, held, host, links);
  if ('refusal' in plan) return { doubt: plan.refusal };
  const doubtOfNeighbour = doubtOf(facts, sourcesTouched(facts, plan.steps));
  if (doubtOfNeighbour !== undefined) return { doubt: doubtOfNeighbour };
  if (dryRun) return { sound };

  const { undo, error } = await apply(plan.steps, { held, host });
  if (error) {
    undo();
    throw error;
  }
  const failure = await provesWrong(held, [
    ...through.map((source) => ({ source, links })),
    ...facts.sources
      .filter(({ source }) => sound.has(source.path) && isReopened(source))
      .map((source) => ({ source, links: asTheyAre })),
  ]);
  if (failure === undefined) return { sound };
  undo();
  return { doubt: failure };
}

const asTheyAre: Links = new Map();

/**
 * The steps that make the future ways of these sources; none where they lead to the right device already. A link
 * that is replaced may be on the way of another disk, or on that of today: those are kept whole with it.
 */
function planWays(
  facts: DomainFacts,
  through: readonly SourceFacts[],
  held: HeldDomain,
  host: TreeView,
  links: Links,
): Plan {
  const then = sourcesAfter({ ...facts, sources: through }, held, host, links);
  const now = sourcesAfter(facts, held, host, asTheyAre);
  const plans: (readonly Step[])[] = [];
  for (const [index, source] of through.entries()) {
    const after = then[index];
    const disk = diskOf(source);
    if (!after || !disk) return { refusal: `${source.source.path} leads to no disk` };
    const { end } = after.namespace;
    if (end.kind === 'found' && sameIdentity(end.entry, disk)) continue;
    const plan = planWithNeighbours(after, { ...facts, sources: [...then, ...now] });
    if ('refusal' in plan) return plan;
    plans.push(plan.steps);
  }
  return { steps: mergePlans(plans) };
}

/**
 * The disk of a source that is sound. One that is read-only may have no way inside: then it is the host's, which QEMU
 * holds open.
 */
function diskOf({ namespace, host }: SourceFacts): DeviceEntry | FileEntry | undefined {
  for (const { end } of [namespace, host]) if (end.kind === 'found' && canBeDisk(end.entry)) return end.entry;
  return undefined;
}

/** The sources whose ways inside go through a link that these steps replace. */
function sourcesTouched({ sources }: DomainFacts, steps: readonly Step[]): SourceFacts[] {
  const replaced = steps.filter(({ step }) => step === 'replace-symlink');
  return sources.filter(({ namespace }) => replaced.some(({ path }) => goesThrough(namespace, path)));
}

/** A source whose way shall be whole while the links point there. */
interface Claim {
  readonly source: SourceFacts;
  readonly links: Links;
}

/** Looks at the ways with fresh eyes and opens their ends; gives what is wrong with the first that is. */
async function provesWrong(held: HeldDomain, claims: readonly Claim[]): Promise<string | undefined> {
  const view = held.process.view();
  try {
    const ends: { source: DiskSource; disk: DeviceEntry | FileEntry }[] = [];
    for (const { source: facts, links } of claims) {
      const { source } = facts;
      const disk = diskOf(facts);
      if (!disk) return `${source.path} leads to no disk`;
      const { end } = walk(insideAfter({ ...held, view }, links), source.path);
      if (end.kind !== 'found' || !sameIdentity(end.entry, disk))
        return `${source.disk}: its way would not lead QEMU to ${identity(disk)}`;
      ends.push({ source: { ...source, path: end.path }, disk });
    }
    const opened = await openInside(
      held.process,
      held.credentials,
      ends.map(({ source }) => source),
    );
    for (const [index, { source, disk }] of ends.entries()) {
      const result = opened[index];
      if (!result || 'unknown' in result) return result?.unknown ?? `${source.path} was not opened`;
      if (result.kind === 'refused')
        return `QEMU may not open ${source.path} in its mount namespace: ${result.error}`;
      if (!sameIdentity(result.entry, disk)) return `${source.path} leads QEMU to ${identity(result.entry)}`;
    }
    return undefined;
  } finally {
    view.close();
  }
}

/**
 * After the link was moved: why the domain's disks behind it, or those that were sound before, are no longer sure,
 * if they are not.
 */
export async function doubtAfter(
  domain: Domain,
  path: string,
  sound: ReadonlySet<string>,
): Promise<string | undefined> {
  const facts: DomainFacts | NoFacts = await gatherDomain(domain, { open: openInside });
  if ('why' in facts) {
    // A domain that ended meanwhile needs no way; one that just starts has its namespace already, made for the old one.
    const ended = domain.pid !== undefined && !existsSync(`/proc/${domain.pid}`);
    return ended ? undefined : facts.why;
  }
  const through = new Set(sourcesThrough(facts, path));
  const concerned = facts.sources.filter((source) => through.has(source) || sound.has(source.source.path));
  return doubtOf(facts, concerned);
}

function sourcesThrough(facts: DomainFacts, link: string): SourceFacts[] {
  return facts.sources.filter(
    ({ host, namespace }) => goesThrough(host, link) || goesThrough(namespace, link),
  );
}

/** The first finding on these sources that is not `ok`. */
function doubtOf(facts: DomainFacts, sources: readonly SourceFacts[]): string | undefined {
  if (isUnknown(facts.open)) return facts.open.unknown;
  const paths = new Set(sources.map(({ source }) => source.path));
  const finding = report(facts).findings.find(
    ({ state, path }) => state !== 'ok' && path !== undefined && paths.has(path),
  );
  return finding && `${finding.disk ?? ''}: ${finding.what}`;
}

/** The paths of the sources on which every finding is `ok`. */
function soundPaths(facts: DomainFacts): Set<string> {
  const sound = new Set(facts.sources.map(({ source }) => source.path));
  for (const { state, path } of report(facts).findings)
    if (state !== 'ok' && path !== undefined) sound.delete(path);
  return sound;
}
