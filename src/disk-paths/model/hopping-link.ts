import { identity } from '../../file-tree/model/entry';
import { diskAt, type Hop, type ResolvedPath } from '../../file-tree/model/walk';

/** A link of the host that udev re-pointed between two looks. */
export interface HoppingLink {
  readonly path: string;
  /** What the path led to at each look. */
  readonly devices: readonly [first: string, second: string];
  /** Other names below `/dev/disk` of what it led to, by device. */
  readonly names: readonly { readonly path: string; readonly device: string }[];
}

/** The first link of udev on a path, which another device may claim (udev(7), OPTIONS+="link_priority"). */
export function linkOfUdev({ hops }: ResolvedPath): Hop | undefined {
  return hops.find(({ path, entry }) => entry.kind === 'link' && /^\/dev\/disk\/by-[^/]+\//.test(path));
}

/** The devices of both looks, if they differ. A link that was missing at one of them does not lead to another device. */
export function devicesOfHop(first: ResolvedPath, second: ResolvedPath): HoppingLink['devices'] | undefined {
  const [before, after] = [first, second].map((look) => {
    const disk = diskAt(look);
    return disk && identity(disk);
  });
  return before === undefined || after === undefined || before === after ? undefined : [before, after];
}

/** Names that are made of what no other device has, the best first; a model and serial number may occur twice. */
const ownNames = [/^nvme-(?:eui|uuid)\./, /^dm-uuid-/, /^md-uuid-/, /^wwn-/, /^scsi-3/, /^dm-name-/] as const;

/** The name by which only this device can be found; `undefined` where it has none. */
export function stableNameOf(device: string, { path, names }: HoppingLink): string | undefined {
  const others = names.filter((name) => name.device === device && name.path !== path);
  for (const pattern of ownNames) {
    const found = others.find((name) => pattern.test(name.path.slice(name.path.lastIndexOf('/') + 1)));
    if (found) return found.path;
  }
  return undefined;
}
