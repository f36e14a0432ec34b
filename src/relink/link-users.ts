import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../config/settings';
import { GuardError } from '../core/errors';
import type { UnreadableDomain } from '../core/unreadable-domain';
import { collectFacts } from '../disk-paths/io/collect-facts';
import type { HostPaths } from '../disk-paths/io/host-paths';
import type { FoundLink } from '../file-tree/model/found-link';
import type { ResolvedPath } from '../file-tree/model/walk';
import { maxHeldAtOnce, HeldDomains } from '../hypervisor/hold-domain';
import type { Domain } from '../hypervisor/model/domain-xml';
import { listDomains } from '../hypervisor/list-domains';
import { readDomain } from '../hypervisor/status-files';
import { message } from '../messages';
import { goesThrough, otherNameOf } from './model/link-map';

interface IndexedDomain {
  /** Identity of libvirt's status file: it changes whenever the domain does. */
  readonly version: string;
  readonly domain: Domain | UnreadableDomain;
  readonly paths: readonly ResolvedPath[];
}

/** The users of a link: domains whose paths use it, and domains for which that is unknown. */
interface LinkUsers {
  readonly domains: readonly Domain[];
  readonly uncertain: readonly UnreadableDomain[];
}

/** The links that the disks' paths use, in either view, for every running domain of this host. */
export class LinkUserIndex {
  private readonly known = new Map<string, IndexedDomain>();

  constructor(
    private readonly stateDirectory: Settings['libvirt']['stateDirectory'],
    private readonly host: HostPaths,
  ) {}

  /**
   * Reads domains that are new or have changed since the last call.
   * @throws GuardError when domains cannot be listed
   */
  async refresh(progress: (done: number, all: number) => void = () => undefined): Promise<void> {
    const names = listDomains(this.stateDirectory);
    if (!names) {
      throw new GuardError('notPermitted', message('users-unknown', { directory: this.stateDirectory }));
    }
    for (const name of this.known.keys()) if (!names.includes(name)) this.known.delete(name);
    const changed = names.flatMap((name) => {
      const version = versionOf(join(this.stateDirectory, `${name}.xml`));
      if (version === undefined || this.known.get(name)?.version === version) return [];
      const found = readDomain(this.stateDirectory, name);
      return found ? [{ name, version, found }] : [];
    });
    for (let first = 0; first < changed.length; first += maxHeldAtOnce()) {
      const some = changed.slice(first, first + maxHeldAtOnce());
      const group = new HeldDomains(some.flatMap(({ found }) => ('why' in found ? [] : [found])));
      try {
        for (const [index, { name, version, found }] of some.entries()) {
          this.known.set(name, await this.survey(found, version, group));
          progress(first + index + 1, changed.length);
        }
      } finally {
        group.close();
      }
    }
  }

  /** Its paths have just been changed. */
  forget(name: string): void {
    this.known.delete(name);
  }

  usersOf(link: FoundLink): LinkUsers {
    const domains: Domain[] = [];
    const uncertain: UnreadableDomain[] = [];
    for (const { domain, paths } of this.known.values()) {
      if ('why' in domain) {
        uncertain.push(domain);
        continue;
      }
      const other = paths.map((resolved) => otherNameOf(link, resolved)).find((path) => path !== undefined);
      if (other !== undefined) {
        const { what: why, remedy } = message('other-name-of-link', { other });
        uncertain.push({ name: domain.name, why, remedy });
      } else if (paths.some((resolved) => goesThrough(resolved, link.path))) domains.push(domain);
    }
    return { domains, uncertain };
  }

  private async survey(
    found: Domain | UnreadableDomain,
    version: string,
    group: HeldDomains,
  ): Promise<IndexedDomain> {
    if ('why' in found) return { version, domain: found, paths: [] };
    const facts = await group.with(found, (held) => collectFacts(held));
    // For a QEMU that cannot be read, the host's view of its paths is still known.
    const paths =
      'why' in facts
        ? await this.host.resolve(found.sources.map(({ path }) => path))
        : facts.sources.flatMap((source) => [source.host, source.namespace]);
    return { version, domain: found, paths };
  }
}

function versionOf(file: string): string | undefined {
  const stat = statSync(file, { bigint: true, throwIfNoEntry: false });
  return stat && `${stat.ino} ${stat.mtimeNs} ${stat.size}`;
}
