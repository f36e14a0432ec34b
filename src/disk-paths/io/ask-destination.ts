import type { Settings } from '../../config/settings';
import { isUnknown, type Unknown } from '../../core/unknown';
import type { UnreadableDomain } from '../../core/unreadable-domain';
import type { Destination } from '../../destination/destination';
import type { PathOnHost } from '../../destination/model/path-on-host';
import { RemoteShell } from '../../destination/remote-shell';
import type { Domain } from '../../hypervisor/model/domain-xml';
import type { DomainFacts } from '../model/facts';
import type { PathWait } from './path-wait';

/** What the paths of a domain lead to on the destination, and on this host, whose `facts` are being collected. */
export async function askDestination(
  domain: Domain,
  destination: Destination,
  facts: Promise<DomainFacts | UnreadableDomain>,
  settings: Settings,
  wait: PathWait,
): Promise<Pick<DomainFacts, 'destination'>> {
  const [there, here] = await Promise.all([
    pathsThere(domain, destination, wait),
    facts.then((known) => ('why' in known ? [] : pathsHere(known, settings))),
  ]);
  return { destination: { host: destination.host, here, ...there } };
}

/** One that is missing there is asked for again. */
async function pathsThere(
  { sources }: Domain,
  destination: Destination,
  wait: PathWait,
): Promise<{ paths: readonly PathOnHost[] | Unknown; waited: number }> {
  // On the destination libvirt makes a missing NVRAM file from its template (src/qemu/qemu_process.c, qemuPrepareNVRAM).
  const wanted = sources.filter(({ role }) => role !== 'nvram');
  const dispensable = new Set(wanted.filter((source) => source.dispensable).map(({ path }) => path));
  let paths = await destination.paths(wanted.map(({ path }) => path));
  const missing = (): string[] =>
    isUnknown(paths)
      ? []
      : paths.flatMap(({ path, type }) => (type === undefined && !dispensable.has(path) ? [path] : []));
  const waited = await wait.while(
    () => missing().length > 0,
    async () => {
      const again = await destination.paths(missing());
      paths = isUnknown(again) || isUnknown(paths) ? again : merged(paths, again);
    },
  );
  return { paths, waited };
}

function merged(before: readonly PathOnHost[], again: readonly PathOnHost[]): readonly PathOnHost[] {
  return before.map((known) => again.find(({ path }) => path === known.path) ?? known);
}

/**
 * Only of paths that were followed to their ends: storage that hangs is not looked at again. Nothing where the disks are
 * copied, because then the destination has other volumes.
 */
async function pathsHere(
  { sources }: DomainFacts,
  { migrate, ssh }: Settings,
): Promise<readonly PathOnHost[]> {
  const found = sources.filter(({ host }) => host.end.kind === 'found').map(({ source }) => source.path);
  if (found.length === 0 || migrate.options.some((option) => option.startsWith('--copy-storage'))) return [];
  const shell = RemoteShell.here();
  try {
    const paths = await shell.paths(found, ssh.deadline * 1000);
    return isUnknown(paths) ? [] : paths;
  } finally {
    shell.end();
  }
}
