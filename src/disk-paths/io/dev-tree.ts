import { lstatSync, rmdirSync, unlinkSync } from 'node:fs';
import type { Entry } from '../../file-tree/model/entry';
import { errorName } from '../../core/errors';
import { submountOfDev } from '../../file-tree/model/mounts';
import type { Sibling } from '../../core/repair-step';
import type { HeldDomain } from '../../hypervisor/hold-domain';
import { log } from '../../os/log';

/** libvirt's `/dev` is a tmpfs of 64 KiB; what holds more than this is not one. */
const maxEntries = 5_000;

/** Entries under this name are ours, and stale as soon as nobody holds the domain's lock. */
export const temporaryPrefix = '.migrate-guard-';

/** All that is in a QEMU's `/dev`; what is mounted in there is left out. */
function* entriesOfDev({ view, mounts }: HeldDomain): Generator<{ path: string; entry: Entry }> {
  const pending = ['/dev'];
  let seen = 0;
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    for (const name of view.list(directory)) {
      const path = `${directory}/${name}`;
      seen += 1;
      if (seen > maxEntries) return;
      if (submountOfDev(mounts, path)) continue;
      const entry = view.look(path);
      if (entry.kind === 'directory') pending.push(path);
      yield { path, entry };
    }
  }
}

/** Finds a node for a block device that libvirt has already put into a QEMU's `/dev`. */
export function findSibling(held: HeldDomain, device: string): Sibling | undefined {
  for (const { path, entry } of entriesOfDev(held)) {
    if (entry.kind === 'block' && entry.device === device) {
      return { path, mode: entry.mode, uid: entry.uid, gid: entry.gid };
    }
  }
  return undefined;
}

/** Removes what a repair that was killed left behind in a QEMU's `/dev`. Only with the domain's lock. */
export function removeLeftovers(held: HeldDomain): void {
  if (!held.ownNamespace) return;
  const leftovers = [...entriesOfDev(held)].filter(({ path }) => path.includes(`/${temporaryPrefix}`));
  // What is in a directory stands behind it.
  for (const { path } of leftovers.reverse()) {
    const anchor = held.view.anchor(path);
    if (anchor === undefined) continue;
    try {
      if (lstatSync(anchor).isDirectory()) rmdirSync(anchor);
      else unlinkSync(anchor);
      held.view.forget(path);
    } catch (error) {
      // It is in nobody's way, and a later repair finds it again.
      log('could not remove what was left behind', { domain: held.domain.name, path, why: errorName(error) });
    }
  }
}
