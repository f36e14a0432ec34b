import type { Domain, PlacedDisk } from './domain';

/**
 * Does on the host what the incident's script did: the disk's link in the datastore leads through
 * `/dev/storpool-byid/ID`, which does not exist in the namespace of a QEMU that was started before.
 * @returns the new link below `/dev`
 */
export function relinkDisk(domain: Domain, index = 0, id = `fir.b.${domain.vmId}${index}`): string {
  const disk: PlacedDisk | undefined = domain.disks[index];
  if (disk?.volume === undefined) throw new Error(`${domain.name} has no disk ${index} on a volume`);
  const link = `/dev/storpool-byid/${id}`;
  domain.host.link(link, `../${disk.volume.name}`);
  domain.host.link(disk.path, link);
  return link;
}

/** Restores the paths of all disks to the state in which QEMU started. */
export function mendPaths(domain: Domain): void {
  for (const { path, via } of domain.disks) if (via !== undefined) domain.host.link(path, via);
}

/** Whether anything can repair the paths in QEMU's namespace: without that, a migration cannot be made to fail under a watcher. */
export async function letRepair({ host, pid }: Domain, may: boolean): Promise<void> {
  const enter = ['nsenter', '--target', String(pid), '--mount', '--'] as const;
  await host.succeed([...enter, 'mount', '-o', `remount,${may ? 'rw' : 'ro'}`, '/dev']);
}
