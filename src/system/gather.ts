import type { DiskSource, Domain } from '../core/domain';
import { errorName } from '../core/errors';
import {
  isUnknown,
  type BlockNode,
  type DomainFacts,
  type NoFacts,
  type SourceFacts,
  type Unknown,
} from '../core/facts';
import type { Mount } from '../core/mounts';
import { isBelowDev, sameIdentity } from '../core/plan';
import { walk } from '../core/walk';
import { AccessProbe } from './access';
import { openInside } from './open-inside';
import { hostMountNamespace, QemuProcess } from './qemu-process';
import { findSibling } from './siblings';
import type { TreeView } from './view';

/** Asks QEMU for its own block nodes, by the domain's name. */
export type AskNodes = (name: string) => Promise<readonly BlockNode[] | Unknown>;

/**
 * Reads all facts of one running domain; with `askNodes`, deeply: QEMU's own names for its files, and each
 * file opened as QEMU's user would. The process is looked at again at the end: what was read of a namespace
 * that fell apart meanwhile is no fact.
 */
export async function gather(
  domain: Domain,
  hostView: TreeView,
  askNodes?: AskNodes,
): Promise<DomainFacts | NoFacts> {
  const { name, pid } = domain;
  const none = (why: string, remedy: string): NoFacts => ({
    name,
    ...(pid === undefined ? {} : { pid }),
    why,
    remedy,
  });
  const gone = (why: string): NoFacts =>
    none(why, `see virsh domstate ${name}; libvirt's own files may be stale`);
  if (pid === undefined) return gone(`libvirt tells no process of ${name}`);
  const held = QemuProcess.open(pid, domain);
  if (isUnknown(held)) return gone(held.unknown);
  try {
    const facts = await gatherHeld(domain, held, hostView, askNodes);
    return held.isAlive() ? facts : gone(`process ${pid}, the QEMU of ${name}, ended while it was looked at`);
  } catch (error) {
    if (!held.isAlive()) return gone(`process ${pid}, the QEMU of ${name}, ended while it was looked at`);
    const reason = errorName(error);
    const remedy = reason === 'EACCES' || reason === 'EPERM' ? 'run as root' : `look at /proc/${pid}`;
    return none(`process ${pid}, the QEMU of ${name}, cannot be looked into: ${reason}`, remedy);
  } finally {
    held.close();
  }
}

async function gatherHeld(
  domain: Domain,
  held: QemuProcess,
  hostView: TreeView,
  askNodes: AskNodes | undefined,
): Promise<DomainFacts> {
  const credentials = held.credentials();
  if (!credentials) throw new Error('its credentials are missing');
  const ownNamespace = held.mountNamespace() !== hostMountNamespace();
  const mounts = held.mounts();
  const nodes = await askNodes?.(domain.name);
  const view = held.view();
  try {
    const walks = [...domain.sources, ...sourcesOnlyInQemu(domain, nodes)].map((source) => ({
      source,
      host: walk(hostView.look, source.path),
      namespace: walk(view.look, source.path),
    }));
    const probe = new AccessProbe(view, mounts, credentials);
    probe.search(walks.map(({ namespace }) => namespace));
    const opened =
      askNodes &&
      (await openInside(
        held,
        credentials,
        walks.map(({ source }) => source),
      ));
    const sources: SourceFacts[] = [];
    for (const [index, facts] of walks.entries()) {
      const access = await probe.of(facts.source, facts.namespace);
      const result = opened?.[index];
      sources.push({
        ...facts,
        ...(access ? { access } : {}),
        ...(result ? { opened: result } : {}),
        ...(ownNamespace ? difference(facts, view, mounts) : {}),
      });
    }
    const base = {
      domain,
      pid: held.pid,
      credentials,
      ownNamespace,
      mounts,
      open: held.openFiles(),
      sources,
    };
    return nodes ? { ...base, nodes } : base;
  } finally {
    view.close();
  }
}

/** Files that QEMU has open under a name that libvirt's XML does not hold. `/dev/fdset` is no path of a file. */
function sourcesOnlyInQemu(domain: Domain, nodes: readonly BlockNode[] | Unknown | undefined): DiskSource[] {
  if (!nodes || isUnknown(nodes)) return [];
  const known = new Set(domain.sources.map(({ path }) => path));
  return nodes
    .filter(({ path }) => !known.has(path) && !path.startsWith('/dev/fdset/'))
    .map(({ name, path, driver, readonly }) => {
      const disk = domain.sources.find(({ node }) => node === name)?.disk ?? name;
      const type = driver === 'file' ? 'file' : 'block';
      return { disk, role: 'node', path, type, readonly, shareable: false, direct: false, node: name };
    });
}

/** What a repair would have to know, where the namespace does not lead where the host does. */
function difference(
  { host, namespace }: Pick<SourceFacts, 'host' | 'namespace'>,
  view: TreeView,
  mounts: readonly Mount[],
): Pick<SourceFacts, 'inside' | 'sibling'> {
  if (host.end.kind !== 'found' || host.end.entry.kind !== 'block') return {};
  if (namespace.end.kind === 'found' && sameIdentity(host.end.entry, namespace.end.entry)) return {};
  const inside = host.passages
    .filter(({ path }) => isBelowDev(path))
    .map(({ path }) => ({ path, entry: view.look(path) }));
  const sibling = findSibling(view, mounts, host.end.entry.device);
  return { inside, ...(sibling ? { sibling } : {}) };
}
