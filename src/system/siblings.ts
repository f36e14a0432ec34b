import type { Sibling } from '../core/plan';
import { submountOfDev, type Mount } from '../core/mounts';
import type { TreeView } from './view';

/** libvirt's `/dev` is a tmpfs of 64 KiB; what holds more than this is not one. */
const maximumEntries = 5_000;

/** Finds a node for a block device that libvirt has already put into a QEMU's `/dev`; mounts in there are left out. */
export function findSibling(view: TreeView, mounts: readonly Mount[], device: string): Sibling | undefined {
  const pending = ['/dev'];
  let seen = 0;
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    for (const name of view.list(directory)) {
      const path = `${directory}/${name}`;
      seen += 1;
      if (seen > maximumEntries) return undefined;
      if (submountOfDev(mounts, path)) continue;
      const entry = view.look(path);
      if (entry.kind === 'directory') pending.push(path);
      if (entry.kind === 'block' && entry.device === device)
        return { path, mode: entry.mode, uid: entry.uid, gid: entry.gid };
    }
  }
  return undefined;
}
