import {
  describeKind,
  isBelowDev,
  sameIdentity,
  sameTarget,
  type Entry,
  type LinkEntry,
} from '../../file-tree/model/entry';
import { failureOf, isFailure, type Failure } from '../../core/errors';
import { isDevOfLibvirt, mountAt, submountOfDev, type Mount } from '../../file-tree/model/mounts';
import type { Permissions } from '../../core/owner-and-mode';
import type { Sibling, Step } from '../../core/repair-step';
import { resolvePath, type ResolvedPath } from '../../file-tree/model/walk';

/** Why nothing can be made. */
const refused = (what: string): Failure => failureOf('problem', what);

export type Plan = { readonly steps: readonly Step[] } | Failure;

export interface PlanInput {
  /** The host's way; it ends at the device that QEMU holds open. */
  readonly host: ResolvedPath;
  readonly namespace: ResolvedPath;
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
  for (const { path, entry } of host.hops.filter((hop) => isBelowDev(hop.path))) {
    const mount = submountOfDev(mounts, path);
    if (mount) return refused(`${path} lies in ${mount.path}, a mount of its own in QEMU's mount namespace`);
    const made = planElement(path, entry, inside.get(path) ?? { kind: 'missing' }, input.sibling);
    if (made && isFailure(made)) return made;
    if (made) steps.push(made);
  }
  if (namespace.end.kind === 'missing' && !isBelowDev(namespace.end.path)) {
    return refused(`${namespace.end.path} is missing in QEMU's mount namespace, and only /dev is repaired`);
  }
  const after = resolvePath(viewAfter([...namespace.hops, ...input.inside], steps), host.path).end;
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
function viewAfter(hops: PlanInput['inside'], steps: readonly Step[]): (path: string) => Entry {
  const entries = new Map<string, Entry>([['/dev', { kind: 'directory', mode: 0o755, uid: 0, gid: 0 }]]);
  for (const { path, entry } of hops) entries.set(path, entry);
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

function permissions({ mode, uid, gid }: Permissions): Permissions {
  return { mode, uid, gid };
}

/** The steps of several disks as one plan: what they share is done once, in the order of the first. */
export function mergePlans(plans: readonly (readonly Step[])[]): Step[] {
  const byPath = new Map<string, Step>();
  for (const step of plans.flat()) if (!byPath.has(step.path)) byPath.set(step.path, step);
  return [...byPath.values()];
}
