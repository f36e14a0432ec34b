import { existsSync } from 'node:fs';
import { identity } from '../core/entry';
import { GuardError } from '../core/errors';
import { isUnknown, type DomainFacts, type NoFacts, type SourceFacts } from '../core/facts';
import type { Domain } from '../core/domain';
import { canBeDisk, planSource, sameIdentity, type Step } from '../core/plan';
import { goesThrough, withLink } from '../core/relink';
import { walk } from '../core/walk';
import { apply } from '../steps';
import { withDomainLock } from '../system/domain-lock';
import { sweep } from '../system/dev-tree';
import { gather, insideOf } from '../system/gather';
import { holdDomain, type HeldDomain } from '../system/held-domain';
import { openInside } from '../system/open-inside';
import { TreeView } from '../system/view';
import { gatherDomain, report } from './plain-check';

/** A link of the host, and the target that it shall have. */
export interface Wish {
  readonly path: string;
  readonly target: string;
}

/** The steps that were done (or, in a dry run, would be), or why the domain keeps the link from being moved. */
export type Way = { readonly steps: readonly Step[] } | { readonly doubt: string };

/**
 * Makes, inside one domain's namespace, the way that its disks will take once the link points elsewhere, and
 * proves it: the end of that way is opened there as QEMU's user, and is the device that QEMU holds.
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
  const facts = await gather(held, host);
  const through = sourcesThrough(facts, wish.path);
  const doubt = doubtOf(facts, through);
  if (doubt !== undefined) return { doubt };
  const steps: Step[] = [];
  for (const source of through) {
    const planned = planWay(source, held, host, wish);
    if ('refusal' in planned) return { doubt: planned.refusal };
    if (dryRun) {
      steps.push(...planned.steps);
      continue;
    }
    const { done, undo, error } = await apply(planned.steps, { held, host });
    if (error) {
      undo();
      throw error;
    }
    const failure = await provesWrong(source, held, wish);
    if (failure !== undefined) {
      undo();
      return { doubt: failure };
    }
    steps.push(...done);
  }
  return { steps };
}

/** The steps that make the future way of one source; none where it leads to the right device already. */
function planWay(
  source: SourceFacts,
  held: HeldDomain,
  hostView: TreeView,
  { path, target }: Wish,
): { steps: readonly Step[] } | { refusal: string } {
  const host = walk(withLink(hostView.look, path, target), source.source.path);
  const namespace = walk(namespaceAfter(source, held.view, { path, target }), source.source.path);
  const { end } = source.namespace;
  if (end.kind !== 'found')
    return { refusal: `${source.source.path} does not resolve in QEMU's mount namespace` };
  if (namespace.end.kind === 'found' && sameIdentity(namespace.end.entry, end.entry)) return { steps: [] };
  const { mounts, ownNamespace } = held;
  return planSource({
    host,
    namespace,
    inside: [],
    ...insideOf(held, host, namespace),
    mounts,
    ownNamespace,
  });
}

/** A link below `/dev` has a copy of its own inside, which stays; any other is one file in both views. */
function namespaceAfter(source: SourceFacts, view: TreeView, { path, target }: Wish): TreeView['look'] {
  const shared = goesThrough(source.namespace, path) && !path.startsWith('/dev/');
  return shared ? withLink(view.look, path, target) : view.look;
}

/** Looks at the new way with fresh eyes and opens its end; gives what is wrong with it. */
async function provesWrong(source: SourceFacts, held: HeldDomain, wish: Wish): Promise<string | undefined> {
  const view = held.process.view();
  try {
    const way = walk(namespaceAfter(source, view, wish), source.source.path);
    const { end } = source.namespace;
    if (end.kind !== 'found' || !canBeDisk(end.entry)) return `${source.source.path} leads to no disk`;
    if (way.end.kind !== 'found' || !sameIdentity(way.end.entry, end.entry)) {
      return `the new way does not lead QEMU to ${identity(end.entry)}`;
    }
    const [opened] = await openInside(held.process, held.credentials, [
      { ...source.source, path: way.end.path },
    ]);
    if (!opened || 'unknown' in opened) return opened?.unknown ?? 'the new way was not opened';
    if (opened.kind === 'refused')
      return `QEMU may not open ${way.end.path} in its mount namespace: ${opened.error}`;
    return sameIdentity(opened.entry, end.entry)
      ? undefined
      : `the new way leads QEMU to ${identity(opened.entry)}`;
  } finally {
    view.close();
  }
}

/** After the link was moved: why the domain's disks behind it are no longer sure, if they are not. */
export async function doubtAfter(domain: Domain, path: string): Promise<string | undefined> {
  const facts: DomainFacts | NoFacts = await gatherDomain(domain, { open: openInside });
  if ('why' in facts) {
    // A domain that ended meanwhile needs no way; one that just starts has its namespace already, made for the old one.
    const ended = domain.pid !== undefined && !existsSync(`/proc/${domain.pid}`);
    return ended ? undefined : facts.why;
  }
  return doubtOf(facts, sourcesThrough(facts, path));
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
