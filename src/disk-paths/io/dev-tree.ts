import { lstatSync, rmdirSync, unlinkSync } from 'node:fs';
import type { Entry } from '../../file-tree/model/entry';
import { errorName } from '../../core/error-name';
import { submountOfDev } from '../../file-tree/model/mounts';
import type { Sibling } from '../../core/repair-step';
import type { HeldDomain } from '../../hypervisor/hold-domain';
import { log } from '../../os/log';

/** libvirt's `/dev` is a tmpfs of 64 KiB, which cannot hold more than this. */
const maxEntries = 5_000;

/** Entries of this name are ours, and stale as soon as no process holds the domain's lock. */
export const temporaryPrefix = '.migrate-guard-';

/** All entries of a QEMU's `/dev`, without what is mounted below it. */
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

/** The node that libvirt has already made for a block device in a QEMU's `/dev`. */
export function findSibling(held: HeldDomain, device: string): Sibling | undefined {
  for (const { path, entry } of entriesOfDev(held)) {
    if (entry.kind === 'block' && entry.device === device) {
      return { path, mode: entry.mode, uid: entry.uid, gid: entry.gid };
    }
  }
  return undefined;
}

/** Removes what a killed repair left in a QEMU's `/dev`. The caller must hold the domain's lock. */
export function removeLeftovers(held: HeldDomain): void {
  if (!held.ownNamespace) return;
  const leftovers = [...entriesOfDev(held)].filter(({ path }) => path.includes(`/${temporaryPrefix}`));
  // In reverse: the entries of a directory come after it in the list.
  for (const { path } of leftovers.reverse()) {
    const fdPath = held.view.fdPath(path);
    if (fdPath === undefined) continue;
    try {
      if (lstatSync(fdPath).isDirectory()) rmdirSync(fdPath);
      else unlinkSync(fdPath);
      held.view.forget(path);
    } catch (error) {
      // It does no harm, and a later repair finds it again.
      log('could not remove what a killed repair left', {
        domain: held.domain.name,
        path,
        why: errorName(error),
      });
    }
  }
}
