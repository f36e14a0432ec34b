import type { DiskSource, Domain } from '../core/domain';
import { isUnknown, type BlockNode, type DomainFacts, type SourceFacts, type Unknown } from '../core/facts';
import type { DeviceEntry, FileEntry } from '../core/entry';
import { mountTable, sharedPaths } from '../core/mounts';
import { canBeDisk, isBelowDev, sameIdentity, sameTarget } from '../core/plan';
import { walk, type Walk } from '../core/walk';
import { AccessProbe } from './access';
import type { HeldDomain } from './held-domain';
import type { openInside } from './open-inside';
import { deviceSize } from './device-size';
import { findSibling } from './dev-tree';
import type { TreeView } from './view';

export interface Depth {
  /** Opens each disk inside the namespace as QEMU's user would. Handed in, so that a plain check does not load it. */
  readonly open?: typeof openInside;
  /** Ask QEMU for its own block nodes, by the domain's UUID: virsh takes a name of digits for an id. */
  readonly askNodes?: (name: string) => Promise<readonly BlockNode[] | Unknown>;
}

/** Reads all facts of one held domain; how much a deep look adds is up to `depth`. */
export async function gather(held: HeldDomain, hostView: TreeView, depth: Depth = {}): Promise<DomainFacts> {
  const { domain, process, credentials, ownNamespace, mounts, view } = held;
  const open = (files: readonly DiskSource[]): ReturnType<typeof openInside> | undefined =>
    depth.open?.(process, credentials, files);
  const [nodes, openedKnown] = await Promise.all([depth.askNodes?.(domain.uuid), open(domain.sources)]);
  const others = sourcesOnlyInQemu(domain, nodes);
  const opened = [...(openedKnown ?? []), ...(others.length > 0 ? ((await open(others)) ?? []) : [])];
  const isShared = sharedWith(hostView, held);
  const viewOf = (path: string): TreeView => (isShared(path) ? hostView : view);
  const walks = [...domain.sources, ...others].map((source) => ({
    source,
    host: walk(hostView.look, source.path),
    namespace: walk((path) => viewOf(path).look(path), source.path),
  }));
  const isWhole = walks.every(({ namespace }) => diskAt(namespace).length > 0);
  const probe = new AccessProbe(view, viewOf, mounts, credentials);
  await probe.search(walks.map(({ namespace }) => namespace));
  const sources: SourceFacts[] = [];
  for (const [index, facts] of walks.entries()) {
    const access = await probe.of(facts.source, facts.namespace);
    const result = opened[index];
    const [device] = nodes ? diskAt(facts.host) : [];
    const size = device?.kind === 'block' ? deviceSize(device.device) : undefined;
    sources.push({
      ...facts,
      ...(size === undefined ? {} : { size }),
      ...(access ? { access } : {}),
      ...(result ? { opened: result } : {}),
      ...(isWhole ? {} : insideOf(held, facts.host, facts.namespace)),
    });
  }
  const ends = sources.flatMap(({ host, namespace }) => [...diskAt(host), ...diskAt(namespace)]);
  const heldOpen = process.openFiles(ends);
  const facts = { domain, pid: process.pid, credentials, ownNamespace, mounts, open: heldOpen, sources };
  return nodes ? { ...facts, nodes } : facts;
}

/** The paths at which QEMU's namespace has what the host has, so that one look is enough for both. */
function sharedWith(host: TreeView, { mounts, view }: HeldDomain): (path: string) => boolean {
  if (!host.mounts || !host.hasRootOf(view)) return () => false;
  return sharedPaths(host.mounts, mountTable(mounts));
}

function diskAt({ end }: Walk): (DeviceEntry | FileEntry)[] {
  return end.kind === 'found' && canBeDisk(end.entry) ? [end.entry] : [];
}

/** What a repair has to know, where the way in the namespace is not that of the host. Dear: all of `/dev` is read. */
export function insideOf(
  held: HeldDomain,
  host: Walk,
  namespace: Walk,
): Pick<SourceFacts, 'inside' | 'sibling'> {
  const { view, ownNamespace } = held;
  if (!ownNamespace || host.end.kind !== 'found' || host.end.entry.kind !== 'block') return {};
  if (sameWay(host, namespace)) return {};
  const inside = host.passages
    .filter(({ path }) => isBelowDev(path))
    .map(({ path }) => ({ path, entry: view.look(path) }));
  const sibling = findSibling(held, host.end.entry.device);
  return { inside, ...(sibling ? { sibling } : {}) };
}

/** The same elements with the same links, to the same end. */
function sameWay(host: Walk, namespace: Walk): boolean {
  if (host.end.kind !== 'found' || namespace.end.kind !== 'found') return false;
  if (!sameIdentity(host.end.entry, namespace.end.entry)) return false;
  return host.passages.every(({ path, entry }, index) => {
    const inside = namespace.passages[index];
    if (inside?.path !== path) return false;
    return (
      entry.kind !== 'link' ||
      (inside.entry.kind === 'link' && sameTarget(path, inside.entry.target, entry.target))
    );
  });
}

/** Files that QEMU has open under a name that libvirt's XML does not hold. */
function sourcesOnlyInQemu(domain: Domain, nodes: readonly BlockNode[] | Unknown | undefined): DiskSource[] {
  if (!nodes || isUnknown(nodes)) return [];
  const known = new Set(domain.sources.map(({ path }) => path));
  return nodes
    .filter(({ path }) => !known.has(path))
    .map(({ name, path, driver, readonly }) => {
      const disk = domain.sources.find(({ node }) => node === name)?.disk ?? name;
      const type = driver === 'file' ? 'file' : 'block';
      return { disk, role: 'node', path, type, readonly, shareable: false, direct: false, node: name };
    });
}
