import {
  isBelowDev,
  sameIdentity,
  sameTarget,
  type Entry,
  type LinkEntry,
} from '../../file-tree/model/entry';
import { failureOf, isFailure, type Failure } from '../../core/errors';
import { describeKind } from '../../file-tree/model/describe-hops';
import { message, textOf, type Message } from '../../messages';
import { isDevOfLibvirt, mountAt, submountOfDev, type Mount } from '../../file-tree/model/mounts';
import type { Permissions } from '../../core/owner-and-mode';
import type { Sibling, Step } from '../../core/repair-step';
import { resolvePath, type ResolvedPath } from '../../file-tree/model/walk';

const refused = (reason: Message): Failure => failureOf('problem', reason);

export type Plan = { readonly steps: readonly Step[] } | Failure;

export interface PlanInput {
  /** The host's path, resolved: it ends at the device that QEMU holds open. */
  readonly host: ResolvedPath;
  readonly namespace: ResolvedPath;
  /** What the namespace has at each hop of the host's path below `/dev`. */
  readonly inside: readonly { readonly path: string; readonly entry: Entry }[];
  readonly sibling?: Sibling;
  readonly mounts: readonly Mount[];
  readonly ownNamespace: boolean;
  /** Why a node of another device must stay at a path inside; `undefined` where it may be replaced. */
  readonly whyKept: (path: string, device: string, onHost: string) => Message | undefined;
}

/**
 * Plans what is missing in QEMU's namespace by libvirt's own rule (src/qemu/qemu_namespace.c,
 * qemuNamespacePrepareOneItem): every hop of the host's path below `/dev` that is not in a mount of its own.
 * The path is then resolved as if the plan were done; a plan that would not lead QEMU to the same device is refused.
 */
export function planSource(input: PlanInput): Plan {
  const { host, namespace, mounts } = input;
  if (!input.ownNamespace) return refused(message('no-own-namespace'));
  if (!hasDevOfLibvirt(mounts)) return refused(message('dev-not-of-libvirt'));
  if (host.end.kind !== 'found') return refused(message('unresolved-on-host'));

  const inside = new Map(input.inside.map(({ path, entry }) => [path, entry]));
  const steps: Step[] = [];
  for (const { path, entry } of host.hops.filter((hop) => isBelowDev(hop.path))) {
    const mount = submountOfDev(mounts, path);
    if (mount) return refused(message('lies-in-own-mount', { path, mount: mount.path }));
    const made = planHop(path, entry, inside.get(path) ?? { kind: 'missing' }, input);
    if (made && isFailure(made)) return made;
    if (made) steps.push(made);
  }
  if (namespace.end.kind === 'missing' && !isBelowDev(namespace.end.path)) {
    return refused(message('only-dev-is-repaired', { path: namespace.end.path }));
  }
  const read = [...sharedHops(input), ...namespace.hops, ...input.inside];
  const after = resolvePath(viewAfter(read, steps), host.path).end;
  const right = after.kind === 'found' && sameIdentity(after.entry, host.end.entry);
  return right && steps.length > 0
    ? { steps: mergePlans([steps]) }
    : refused(message('host-path-not-makeable'));
}

/**
 * The hops of the host outside `/dev` to a disk that is a file: the namespace has them, too, where it has that file system
 * mounted there. Of the namespace itself only the hops before the missing one were read.
 */
function sharedHops({ host: { hops, end }, mounts }: PlanInput): ResolvedPath['hops'] {
  if (end.kind !== 'found' || end.entry.kind !== 'file') return [];
  if (mountAt(mounts, end.path)?.device !== end.entry.device) return [];
  return hops.filter(({ path }) => !isBelowDev(path));
}

/** Of several mounts on /dev, the topmost counts. */
function hasDevOfLibvirt(mounts: readonly Mount[]): boolean {
  const dev = mountAt(mounts, '/dev');
  return dev !== undefined && isDevOfLibvirt(dev);
}

/** The step for one hop; `undefined` where nothing is to be done. */
function planHop(
  path: string,
  onHost: Entry,
  inside: Entry,
  { sibling, whyKept }: PlanInput,
): Step | Failure | undefined {
  if (inside.kind === 'unreadable') {
    return refused(message('entry-not-read-inside', { path, error: inside.error }));
  }
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
      if (inside.kind !== 'missing' && inside.kind !== 'block') break;
      const like = sibling ? { like: sibling.path } : {};
      const node = { path, device, ...permissions(sibling ?? onHost), ...like };
      if (inside.kind === 'missing') return { step: 'make-node', ...node };
      const why = whyKept(path, inside.device, device);
      return why ? refused(why) : { step: 'replace-node', ...node, was: inside.device };
    }
    default:
      return refused(message('entry-of-other-kind', { path }));
  }
  const found =
    inside.kind === 'link' ? textOf('kind-link-to', { target: inside.target }) : describeKind(inside);
  return refused(message('kinds-differ', { path, inside: found, onHost: describeKind(onHost) }));
}

/** The namespace as it will be after the steps; a path that was not read stays unknown. */
function viewAfter(hops: PlanInput['inside'], steps: readonly Step[]): (path: string) => Entry {
  const entries = new Map<string, Entry>([['/dev', { kind: 'directory', mode: 0o755, uid: 0, gid: 0 }]]);
  for (const { path, entry } of hops) entries.set(path, entry);
  for (const step of steps) entries.set(step.path, entryMade(step));
  return (path) => entries.get(path) ?? { kind: 'unreadable', error: 'not read' };
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
    case 'replace-node':
      return { kind: 'block', device: step.device, ...owned };
  }
}

function permissions({ mode, uid, gid }: Permissions): Permissions {
  return { mode, uid, gid };
}

/** The steps of several disks as one plan: a step that they share is done once, at its first place. */
export function mergePlans(plans: readonly (readonly Step[])[]): Step[] {
  const byPath = new Map<string, Step>();
  for (const step of plans.flat()) if (!byPath.has(step.path)) byPath.set(step.path, step);
  return [...byPath.values()];
}
