import { readFileSync } from 'node:fs';
import { closedDirectory, judgeAccess } from '../model/permissions';
import type { BlockNode } from '../../hypervisor/model/block-nodes';
import type { DiskSource, Domain } from '../../hypervisor/model/domain-xml';
import { isBelowDev, sameIdentity, sameTarget } from '../../file-tree/model/entry';
import type { DomainFacts, SourceFacts } from '../model/facts';
import type { OpenedByQemu } from '../model/opened-by-qemu';
import { isInMemory, mountAt } from '../../file-tree/model/mounts';
import { isUnknown, type Unknown } from '../../core/unknown';
import { diskAt, disksAt, type ResolvedPath } from '../../file-tree/model/walk';
import { findSibling } from './dev-tree';
import { deviceSize, isReadOnlyDevice } from '../../os/block-device';
import type { HeldDomain } from '../../hypervisor/hold-domain';
import { lookAgain } from './look-again';
import { readPaths, type WhereLinksPoint } from './read-paths';

export interface CollectOptions {
  /** Open each disk inside the namespace as QEMU's user. */
  readonly open?: boolean;
  /** Ask QEMU for its own block nodes, by the domain's UUID: virsh takes a name of digits for an id. */
  readonly askNodes?: (name: string) => Promise<readonly BlockNode[] | Unknown>;
  /** Have QEMU itself open what was opened as its user; returns what happened, by the sources. */
  readonly openByQemu?: OpenByQemu;
}

export type OpenByQemu = (
  held: HeldDomain,
  facts: DomainFacts,
) => Promise<ReadonlyMap<SourceFacts, OpenedByQemu>>;

/** Reads all facts of one held domain; `options`: what a deep check reads in addition. */
export async function collectFacts(held: HeldDomain, options: CollectOptions = {}): Promise<DomainFacts> {
  const { domain, process, credentials, ownNamespace, mounts } = held;
  const look = (sources: readonly DiskSource[]): Promise<SourceFacts[]> =>
    readSources(held, sources, options);
  const [nodes, known] = await Promise.all([options.askNodes?.(domain.uuid), look(domain.sources)]);
  const found = [...known, ...(await look(sourcesOnlyInQemu(domain, nodes)))];
  const hopping = nodes === undefined ? undefined : await lookAgain(held, found);
  const isWhole = found.every(({ namespace }) => diskAt(namespace));
  const sources = found.map((facts): SourceFacts => {
    const hoppingLink = hopping?.get(facts);
    return {
      ...facts,
      ...(hoppingLink ? { hoppingLink } : {}),
      ...deviceFacts(facts, nodes !== undefined),
      ...(isWhole ? {} : insideOf(held, facts.host, facts.namespace)),
    };
  });
  const open = openFilesOf(held, sources, options.open);
  const { pid, origin } = process;
  const startNodes = !options.open && sources.every(isUsable) ? {} : { startNodes: process.startNodes() };
  const read = { domain, pid, origin, credentials, ownNamespace, mounts, open, sources, ...startNodes };
  const facts: DomainFacts = nodes ? { ...read, nodes } : read;
  const byQemu = await options.openByQemu?.(held, facts);
  if (!byQemu) return facts;
  return {
    ...facts,
    sources: sources.map((source) => {
      const opened = byQemu.get(source);
      return opened ? { ...source, byQemu: opened } : source;
    }),
  };
}

function deviceFacts(
  { source, host }: SourceFacts,
  deep: boolean,
): Pick<SourceFacts, 'size' | 'readOnlyDevice'> {
  const end = diskAt(host);
  if (end?.kind !== 'block') return {};
  const size = deep ? deviceSize(end.device) : undefined;
  const readOnlyDevice = source.readonly ? undefined : isReadOnlyDevice(end.device);
  return {
    ...(size === undefined ? {} : { size }),
    ...(readOnlyDevice === undefined ? {} : { readOnlyDevice }),
  };
}

/** What the paths of these sources lead to, in both views, and what QEMU's user may do there. */
async function readSources(
  held: HeldDomain,
  sources: readonly DiskSource[],
  { open = false }: CollectOptions,
): Promise<SourceFacts[]> {
  const { credentials, mounts } = held;
  const context = { credentials, mounts, protectsLinks: linksAreProtected() };
  const paths = await readPaths(held, sources, unchangedLinks, { open, wanted: true });
  return paths.map(({ source, host, answer, opened }) => {
    const access = judgeAccess(source, answer, context);
    const { resolved: namespace } = answer;
    return { source, host, namespace, ...(access ? { access } : {}), ...(opened ? { opened } : {}) };
  });
}

const unchangedLinks: WhereLinksPoint = new Map();

/**
 * The devices and files that QEMU holds open, as far as a look at them cannot hang: those on file systems in memory, and
 * those on a mount where a path of these sources has just been read. `modes`: also whether QEMU holds them for writing;
 * that is read in any case where a finding depends on it (`isReopened`, `disk-writable`).
 */
export function openFilesOf(
  { process, mounts }: HeldDomain,
  sources: readonly SourceFacts[],
  modes = false,
): DomainFacts['open'] {
  const isDecisive =
    modes ||
    sources.some(({ readOnlyDevice }) => readOnlyDevice === true) ||
    (sources.some(({ source }) => source.readonly) && !sources.every(isUsable));
  const ends = sources.flatMap(({ host, namespace }) => disksAt(host, namespace));
  const answering = new Set(
    sources.flatMap(({ namespace: { end } }) =>
      end.kind === 'unreadable' ? [] : [mountAt(mounts, end.path)?.id],
    ),
  );
  const mayLook = (path: string): boolean => {
    const mount = mountAt(mounts, path);
    return mount !== undefined && (isInMemory(mount) || answering.has(mount.id));
  };
  // Without `ends` all descriptors are read: what a path that leads to nothing should lead to may be any of them, and so may
  // the device of a node that a repair would replace.
  const isWhole = sources.every(({ host, inside }) => diskAt(host) && !inside);
  return process.openFiles(isWhole || isDecisive ? ends : [], mayLook, isDecisive);
}

function isUsable({ namespace, access }: SourceFacts): boolean {
  return (
    diskAt(namespace) !== undefined && access !== undefined && 'kind' in access && access.kind === 'allowed'
  );
}

let protectsLinks: boolean | undefined;

function linksAreProtected(): boolean {
  protectsLinks ??= readFileSync('/proc/sys/fs/protected_symlinks', 'latin1').trim() !== '0';
  return protectsLinks;
}

/** What a plan needs where the two views of a path differ. Expensive: all of the namespace's `/dev` is read. */
export function insideOf(
  held: HeldDomain,
  host: ResolvedPath,
  namespace: ResolvedPath,
): Pick<SourceFacts, 'inside' | 'sibling'> {
  const { view, ownNamespace } = held;
  const end = diskAt(host);
  if (!ownNamespace || !end) return {};
  if (closedDirectory(namespace) !== undefined || sameHops(host, namespace)) return {};
  const inside = host.hops
    .filter(({ path }) => isBelowDev(path))
    .map(({ path }) => ({ path, entry: view.look(path) }));
  const sibling = end.kind === 'block' ? findSibling(held, end.device) : undefined;
  return { inside, ...(sibling ? { sibling } : {}) };
}

/** Both views have the same hops, with the same link targets, and the same end. */
function sameHops(host: ResolvedPath, namespace: ResolvedPath): boolean {
  if (host.end.kind !== 'found' || namespace.end.kind !== 'found') return false;
  if (!sameIdentity(host.end.entry, namespace.end.entry)) return false;
  return host.hops.every(({ path, entry }, index) => {
    const inside = namespace.hops[index];
    if (inside?.path !== path) return false;
    return (
      entry.kind !== 'link' ||
      (inside.entry.kind === 'link' && sameTarget(path, inside.entry.target, entry.target))
    );
  });
}

/** Files that QEMU has open by a name that is not in libvirt's XML. */
function sourcesOnlyInQemu(domain: Domain, nodes: readonly BlockNode[] | Unknown | undefined): DiskSource[] {
  if (!nodes || isUnknown(nodes)) return [];
  const known = new Set(domain.sources.map(({ path }) => path));
  return nodes
    .filter(({ path }) => !known.has(path))
    .map(({ name, path, driver, readonly, direct = false }) => {
      const disk = domain.sources.find(({ node }) => node === name)?.disk ?? name;
      const type = driver === 'file' ? 'file' : 'block';
      return { disk, role: 'node', path, type, readonly, shareable: false, direct, node: name };
    });
}
