import type { RecordEntry } from '../../src/opennebula/model/record';
import type { DiskSource, Domain } from '../../src/hypervisor/model/domain-xml';
import type { DeviceEntry, Entry, FileEntry, LinkEntry, View } from '../../src/file-tree/model/entry';
import type { DomainFacts, SourceFacts } from '../../src/disk-paths/model/facts';
import type { Finding } from '../../src/core/finding';
import type { FleetDomain } from '../../src/fleet/model/fleet';
import type { Mount } from '../../src/file-tree/model/mounts';
import type { Credentials } from '../../src/os/model/process-status';
import type { WrittenVm, WatchState } from '../../src/watch/model/state';
import { resolvePath } from '../../src/file-tree/model/walk';

type Changes<T> = { readonly [Key in keyof T]?: T[Key] };

const owned = { mode: 0o660, uid: 9869, gid: 9869 };
const ofRoot = { mode: 0o755, uid: 0, gid: 0 };

export function aDirectory(changes: { mode?: number; uid?: number; gid?: number } = {}): Entry {
  return { kind: 'directory', ...ofRoot, ...changes };
}

export function aLink(target: string): LinkEntry {
  return { kind: 'link', target, ...ofRoot, mode: 0o777 };
}

export function aDevice(
  device: string,
  changes: { mode?: number; uid?: number; gid?: number } = {},
): DeviceEntry {
  return { kind: 'block', device, ...owned, ...changes };
}

export function aFile(inode: string, device = '259:1'): FileEntry {
  return { kind: 'file', device, inode, ...owned };
}

export const missing: Entry = { kind: 'missing' };

/** A view with exactly these entries and their parent directories. */
export function viewOf(entries: Readonly<Record<string, Entry>>): View {
  const all = new Map<string, Entry>([['/', aDirectory()]]);
  for (const path of Object.keys(entries)) {
    const names = path.split('/').slice(1, -1);
    names.forEach((_, index) => all.set(`/${names.slice(0, index + 1).join('/')}`, aDirectory()));
  }
  for (const [path, entry] of Object.entries(entries)) all.set(path, entry);
  return (path) => all.get(path) ?? missing;
}

export const diskPath = '/var/lib/one//datastores/0/310/disk.0';
export const diskLink = '/var/lib/one/datastores/0/310/disk.0';

/** The path of a StorPool disk: a link in the datastore, a link by the volume's id, the device. */
export function storpoolView(changes: Readonly<Record<string, Entry>> = {}): View {
  return viewOf({
    [diskLink]: aLink('/dev/storpool-byid/fir.b.f2g'),
    '/dev/storpool-byid/fir.b.f2g': aLink('../sp-3'),
    '/dev/sp-3': aDevice('252:3'),
    ...changes,
  });
}

export function aSource(changes: Changes<DiskSource> = {}): DiskSource {
  return {
    disk: 'vda',
    role: 'disk',
    path: diskPath,
    type: 'block',
    readonly: false,
    shareable: false,
    direct: true,
    ...changes,
  };
}

export interface SourceViews extends Changes<Omit<SourceFacts, 'source'>> {
  readonly source?: Changes<DiskSource>;
  readonly hostView?: View;
  readonly qemuView?: View;
}

/** Facts of one disk; by default both views are complete and QEMU's user may open it. */
export function sourceFacts({ source, hostView, qemuView, ...changes }: SourceViews = {}): SourceFacts {
  const disk = aSource(source);
  const host = resolvePath(hostView ?? storpoolView(), disk.path);
  const inQemu = qemuView ?? storpoolView();
  return {
    source: disk,
    host,
    namespace: resolvePath(inQemu, disk.path),
    access: { kind: 'allowed' },
    inside: host.hops
      .filter(({ path }) => path.startsWith('/dev/'))
      .map(({ path }) => ({ path, entry: inQemu(path) })),
    ...changes,
  };
}

export function aDomain(changes: Changes<Domain> = {}): Domain {
  return {
    name: 'one-310',
    uuid: '6af22448-3328-4f7b-9765-0fa767fc5dfb',
    state: 'running',
    pid: 1463232,
    sources: [],
    others: [],
    ...changes,
  };
}

export const qemuUser: Credentials = { uid: 9869, gid: 9869, groups: [9869], overridesAccess: false };

export function domainFacts({ domain, ...changes }: Changes<DomainFacts> = {}): DomainFacts {
  const sources = changes.sources ?? [sourceFacts()];
  return {
    domain: domain ?? aDomain({ sources: sources.map(({ source }) => source) }),
    pid: 1463232,
    origin: { cameOver: false, hasRun: false },
    credentials: qemuUser,
    ownNamespace: true,
    mounts: qemuMounts,
    open: [aDevice('252:3')],
    ...changes,
    sources,
  };
}

/** A VM of an audit without any problem. */
export function aFleetDomain(changes: Changes<FleetDomain> = {}): FleetDomain {
  return {
    domain: 'one-310',
    pid: 7,
    verdict: 'safe',
    blockState: 'healthy',
    findings: [],
    plan: [],
    host: 'kvm1',
    vmId: 310,
    name: 'web',
    reason: '',
    seen: '2026-11-22T23:54:00.000Z',
    ...changes,
  };
}

/** What a watcher writes that notices all changes, of one VM without any problem. */
export function aWatchState(changes: Changes<WatchState> = {}): WatchState {
  return {
    pid: 7,
    startTime: 1000,
    version: '1 (a)',
    time: 1_795_391_940,
    directories: { events: 3, polled: 0, rounds: 0, full: false },
    mounts: true,
    libvirt: true,
    logs: true,
    repaired: 2,
    domains: { 'one-310': aWatchedVm() },
    ...changes,
  };
}

export function aWatchedVm(changes: Changes<WrittenVm> = {}): WrittenVm {
  return {
    uuid: '6af22448-3328-4f7b-9765-0fa767fc5dfb',
    pid: 1463232,
    verdict: 'safe',
    blockState: 'healthy',
    reason: '',
    short: '',
    hasNotes: false,
    pending: false,
    time: 1_795_391_900,
    ...changes,
  };
}

/** The findings without their evidence, which tests rarely compare. */
export function withoutEvidence(findings: readonly Finding[]): Omit<Finding, 'evidence'>[] {
  return findings.map((finding) => {
    const rest: { -readonly [Key in keyof Finding]?: Finding[Key] } = { ...finding };
    delete rest.evidence;
    // test/unit/messages covers the short forms.
    delete rest.short;
    return rest as Omit<Finding, 'evidence'>;
  });
}

/** A mount below the `/dev` of `qemuMounts`. */
export function mountAt(path: string, changes: Changes<Mount> = {}): Mount {
  return {
    id: 3,
    parent: 2,
    device: '0:40',
    root: '/',
    path,
    options: ['rw'],
    isReadOnly: false,
    fileSystem: 'tmpfs',
    source: 'tmpfs',
    ...changes,
  };
}

/** The mounts that libvirt gives to a QEMU: the host's, and a private `/dev`. */
export const qemuMounts: readonly Mount[] = [
  mountAt('/', { id: 1, parent: 0, device: '8:1', fileSystem: 'ext4', source: '/dev/vda1' }),
  mountAt('/dev', { id: 2, parent: 1, source: 'devfs' }),
];

/** A healthy VM that was moved. */
export function aRecordEntry(more: Partial<RecordEntry> = {}): RecordEntry {
  return {
    ...{ vmId: 310, domain: 'one-310', action: 'migrate', time: '2026-11-22T02:00:00.000Z' },
    ...{ source: 'kvm1', destination: 'kvm2', guard: 'ran', why: null, mode: null },
    ...{ result: 'done', exit: 0, did: [], warnings: [], errors: [], mover: [] },
    ...more,
  };
}
