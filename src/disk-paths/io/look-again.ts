import { setTimeout as pause } from 'node:timers/promises';
import { canBeDisk } from '../../file-tree/model/entry';
import { resolvePath } from '../../file-tree/model/walk';
import { FileTree } from '../../file-tree/tree';
import type { HeldDomain } from '../../hypervisor/hold-domain';
import type { SourceFacts } from '../model/facts';
import { devicesOfHop, linkOfUdev, type HoppingLink } from '../model/hopping-link';
import { readPaths } from './read-paths';

const betweenLooksMs = 100;

/**
 * Where two devices claim one name, udev re-points its link at each event of either. So the paths that lead through such
 * a link are read a second time.
 */
export async function lookAgain(
  held: HeldDomain,
  sources: readonly SourceFacts[],
): Promise<ReadonlyMap<SourceFacts, HoppingLink>> {
  const throughUdev = sources.filter(({ host }) => linkOfUdev(host));
  if (throughUdev.length === 0) return new Map();
  await pause(betweenLooksMs);
  const again = await readPaths(
    held,
    throughUdev.map(({ source }) => source),
    new Map(),
  );
  const hopping = throughUdev.flatMap((facts, index): [SourceFacts, HoppingLink][] => {
    const [link, second] = [linkOfUdev(facts.host), again[index]];
    const devices = second && devicesOfHop(facts.host, second.host);
    return link && devices ? [[facts, { path: link.path, devices, names: namesOf() }]] : [];
  });
  return new Map(hopping);
}

/** All names of block devices that udev made by what they are, on this host. */
function namesOf(): HoppingLink['names'] {
  const directory = '/dev/disk/by-id';
  const host = FileTree.open('/');
  try {
    return host.list(directory).flatMap((name) => {
      const { path, end } = resolvePath(host.look, `${directory}/${name}`);
      const disk = end.kind === 'found' && canBeDisk(end.entry) ? end.entry : undefined;
      return disk?.kind === 'block' ? [{ path, device: disk.device }] : [];
    });
  } finally {
    host.close();
  }
}
