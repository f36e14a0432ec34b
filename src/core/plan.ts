import { identity, type Disk, type Entry, type LinkEntry, type Permissions } from './entry';
import { failureOf, isFailure, type Failure } from './errors';
import { isDevOfLibvirt, mountAt, submountOfDev, type Mount } from './mounts';
import { walk, type Walk } from './walk';

/** One effect of a repair inside a QEMU's mount namespace. `mode`, `uid` and `gid` are what it will get. */
export type Step =
  | ({ readonly step: 'make-directory'; readonly path: string } & Permissions)
  | ({ readonly step: 'make-symlink'; readonly path: string; readonly target: string } & Permissions)
  /** `was` is the target of the link that is replaced. */
  | ({
      readonly step: 'replace-symlink';
      readonly path: string;
      readonly target: string;
      readonly was: string;
    } & Permissions)
  /** `like` is a node for the same device that is already inside: the new one becomes another name of it. */
  | ({
      readonly step: 'make-node';
      readonly path: string;
      readonly device: string;
      readonly like?: string;
    } & Permissions);

/** A node for a device that libvirt has already put into a QEMU's `/dev`, with the right owner and label. */
export type Sibling = { readonly path: string } & Permissions;

/** Why nothing can be made. */
const refused = (what: string): Failure => failureOf('problem', what);

export type Plan = { readonly steps: readonly Step[] } | Failure;

export interface PlanInput {
  /** The host's way; it ends at the device that QEMU holds open. */
  readonly host: Walk;
  readonly namespace: Walk;
  /** What the namespace has at each path of the host's way below `/dev`. */
  readonly inside: readonly { readonly path: string; readonly entry: Entry }[];
  readonly sibling?: Sibling;
  readonly mounts: readonly Mount[];
  readonly ownNamespace: boolean;
}

/**
 * Plans what is missing in QEMU's namespace by libvirt's own rule (src/qemu/qemu_namespace.c,
 * qemuNamespacePrepareOneItem): every element of the host's way below `/dev` that is not in a mount of its own.
 * The finished plan is walked in thought; a plan that would not lead QEMU to the same device is refused.
 */
export function planSource(input: PlanInput): Plan {
  const { host, namespace, mounts } = input;
  if (!input.ownNamespace) return refused('QEMU shares the mount namespace of the host');
  if (!hasDevOfLibvirt(mounts)) return refused("/dev in QEMU's mount namespace is not libvirt's");
  if (host.end.kind !== 'found') return refused('the path does not resolve on the host');

  const inside = new Map(input.inside.map(({ path, entry }) => [path, entry]));
  const steps: Step[] = [];
  for (const { path, entry } of host.passages.filter((passage) => isBelowDev(passage.path))) {
    const mount = submountOfDev(mounts, path);
    if (mount) return refused(`${path} lies in ${mount.path}, a mount of its own in QEMU's mount namespace`);
    const made = planElement(path, entry, inside.get(path) ?? { kind: 'missing' }, input.sibling);
    if (made && isFailure(made)) return made;
    if (made) steps.push(made);
  }
  if (namespace.end.kind === 'missing' && !isBelowDev(namespace.end.path)) {
    return refused(`${namespace.end.path} is missing in QEMU's mount namespace, and only /dev is repaired`);
  }
  const after = walk(viewAfter([...namespace.passages, ...input.inside], steps), host.path).end;
  const right = after.kind === 'found' && sameIdentity(after.entry, host.end.entry);
  return right && steps.length > 0
    ? { steps: mergePlans([steps]) }
    : refused("the way of the host cannot be made inside QEMU's mount namespace");
}

/** What covers /dev, and so what a path below it meets. */
function hasDevOfLibvirt(mounts: readonly Mount[]): boolean {
  const dev = mountAt(mounts, '/dev');
  return dev !== undefined && isDevOfLibvirt(dev);
}

/** `undefined` where nothing is to be done. */
function planElement(
  path: string,
  onHost: Entry,
  inside: Entry,
  sibling: Sibling | undefined,
): Step | Failure | undefined {
  if (inside.kind === 'unreadable') return refused(`${path} in QEMU's mount namespace: ${inside.error}`);
  switch (onHost.kind) {
    case 'directory':
      if (inside.kind === 'directory') return undefined;
      if (inside.kind !== 'missing') break;
      return { step: 'make-directory', path, ...permissions(onHost) };
    case 'link': {
      const { target } = onHost;
      if (inside.kind === 'missing') return { step: 'make-symlink', path, target, ...permissions(onHost) };
      if (inside.kind !== 'link') break;
      if (sameTarget(path, inside.target, target)) return undefined;
      return { step: 'replace-symlink', path, target, was: inside.target, ...permissions(onHost) };
    }
    case 'block': {
      const { device } = onHost;
      if (inside.kind === 'block' && inside.device === device) return undefined;
      if (inside.kind !== 'missing') break;
      const like = sibling ? { like: sibling.path } : {};
      return { step: 'make-node', path, device, ...permissions(sibling ?? onHost), ...like };
    }
    default:
      return refused(`${path} on the host is neither a directory, a link nor a block device`);
  }
  const found = inside.kind === 'link' ? `a link to ${inside.target}` : describeKind(inside);
  return refused(`${path} is ${found} in QEMU's mount namespace, but ${describeKind(onHost)} on the host`);
}

/** What the namespace will show once the steps are done; a path that nobody looked at stays unknown. */
function viewAfter(passages: PlanInput['inside'], steps: readonly Step[]): (path: string) => Entry {
  const entries = new Map<string, Entry>([['/dev', { kind: 'directory', mode: 0o755, uid: 0, gid: 0 }]]);
  for (const { path, entry } of passages) entries.set(path, entry);
  for (const step of steps) entries.set(step.path, entryMade(step));
  return (path) => entries.get(path) ?? { kind: 'unreadable', error: 'not looked at' };
}

function entryMade(step: Step): Entry {
  const owned = permissions(step);
  switch (step.step) {
    case 'make-directory':
      return { kind: 'directory', ...owned };
    case 'make-symlink':
    case 'replace-symlink':
      return { kind: 'link', target: step.target, ...owned } satisfies LinkEntry;
    case 'make-node':
      return { kind: 'block', device: step.device, ...owned };
  }
}

/**
 * Whether two targets of the link at `path` are the same: libvirt stores a relative one as `DIR/../target`.
 * Told from the text alone; the finished plan is walked anyway.
 */
export function sameTarget(path: string, one: string, other: string): boolean {
  const directory = path.slice(0, path.lastIndexOf('/'));
  return absoluteTarget(directory, one) === absoluteTarget(directory, other);
}

function absoluteTarget(directory: string, target: string): string {
  const names: string[] = [];
  for (const name of (target.startsWith('/') ? target : `${directory}/${target}`).split('/')) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
  return `/${names.join('/')}`;
}

function permissions({ mode, uid, gid }: Permissions): Permissions {
  return { mode, uid, gid };
}

export function isBelowDev(path: string): boolean {
  return path.startsWith('/dev/');
}

/** Words for what stands at a path. */
export function describeKind(entry: Entry): string {
  switch (entry.kind) {
    case 'block':
      return `block device ${entry.device}`;
    case 'character':
      return `character device ${entry.device}`;
    case 'file':
      return 'a regular file';
    case 'directory':
      return 'a directory';
    case 'link':
      return 'a link';
    case 'missing':
      return 'missing';
    case 'unreadable':
      return `unreadable (${entry.error})`;
    case 'other':
      return 'neither a device nor a regular file';
  }
}

export function canBeDisk(entry: Entry): entry is Disk {
  return entry.kind === 'block' || entry.kind === 'file';
}

/** The disk to which a path leads, if it leads to one. */
export function diskAt({ end }: Pick<Walk, 'end'>): Disk | undefined {
  return end.kind === 'found' && canBeDisk(end.entry) ? end.entry : undefined;
}

export function disksAt(...ways: readonly Walk[]): Disk[] {
  return ways.flatMap((way) => diskAt(way) ?? []);
}

export function sameIdentity(one: Entry, other: Entry): boolean {
  return canBeDisk(one) && canBeDisk(other) && one.kind === other.kind && identity(one) === identity(other);
}

/** The steps of several disks as one plan: what they share is done once, in the order of the first. */
export function mergePlans(plans: readonly (readonly Step[])[]): Step[] {
  const byPath = new Map<string, Step>();
  for (const step of plans.flat()) if (!byPath.has(step.path)) byPath.set(step.path, step);
  return [...byPath.values()];
}
