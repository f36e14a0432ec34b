import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import {
  accessByAcl,
  accessByClass,
  accessByMode,
  describePermissions,
  isProtectedLink,
  parseAcl,
  wantedBits,
} from '../core/access';
import type { DiskSource } from '../core/domain';
import type { DeviceEntry, FileEntry, Permissions } from '../core/entry';
import { errorName } from '../core/errors';
import type { AccessFact } from '../core/facts';
import type { Mount } from '../core/mounts';
import { canBeDisk } from '../core/plan';
import type { Credentials } from '../core/process-status';
import type { Walk } from '../core/walk';
import { asUserSoon } from './as-user-soon';
import { run } from './command';
import { mountIdOf, type TreeView } from './view';

const getfaclDeadline = 5_000;
const asSearched = 0o10000000 | constants.O_DIRECTORY;

/** Asks, for one QEMU, what its user may do along the ways inside its namespace. Nothing is opened but directories. */
export class AccessProbe {
  /** By directory: the system's name of why it may not be searched. */
  private searched: ReadonlyMap<string, string | undefined> = new Map();
  private protectsLinks: boolean | undefined;

  constructor(
    private readonly view: TreeView,
    /** By which a path of the namespace was looked at: the host's view, where both have the same there. */
    private readonly viewOf: (path: string) => TreeView,
    private readonly mounts: readonly Mount[],
    private readonly credentials: Credentials,
  ) {}

  /** `undefined` when the walk ends at nothing that could be a disk. Only of walks that were searched. */
  async of(source: DiskSource, walk: Walk): Promise<AccessFact | undefined> {
    if (walk.end.kind !== 'found' || !canBeDisk(walk.end.entry)) return undefined;
    const onTheWay = this.alongTheWay(walk);
    if (onTheWay) return onTheWay;
    if (
      walk.end.entry.kind === 'block' &&
      this.mayLieOn('nodev', walk.end.path) &&
      this.mountOf(walk.end.path)?.options.includes('nodev')
    ) {
      return { kind: 'refused', path: walk.end.path, why: 'it lies on a file system mounted nodev' };
    }
    return this.ofEntry(walk.end.path, walk.end.entry, wantedBits(source));
  }

  private alongTheWay(walk: Walk): AccessFact | undefined {
    for (const { path, entry, last } of walk.passages) {
      if (entry.kind === 'directory') {
        const error = this.searched.get(path);
        if (error !== undefined)
          return { kind: 'refused', path, why: `${error}, it may not search this directory` };
      }
      if (entry.kind === 'link') {
        const why = this.refusesLink(path, entry, last);
        if (why !== undefined) return { kind: 'refused', path, why };
      }
    }
    return undefined;
  }

  /**
   * Asks the kernel, once for all ways, which directories QEMU's user may search, ACLs included. A QEMU that
   * runs as uid 0 without capabilities is judged by the mode.
   */
  async search(walks: readonly Walk[]): Promise<void> {
    const directories = new Map<string, Permissions>();
    for (const { passages } of walks) {
      for (const { path, entry } of passages) if (entry.kind === 'directory') directories.set(path, entry);
    }
    const anchored = [...directories.keys()].map((path) => {
      const view = this.viewOf(path);
      return [path, view, view.anchor(`${path}/.`) ?? ''] as const;
    });
    const who = JSON.stringify(this.credentials);
    const answers = await asUserSoon(this.credentials, () =>
      anchored.map(
        ([path, view, anchor]) => [path, view.ask(`${who} ${path}`, () => searchError(anchor))] as const,
      ),
    );
    const byMode = (entry: Permissions): string | undefined =>
      accessByClass(entry, this.credentials, 1) ? undefined : 'EACCES';
    this.searched = new Map(
      answers ?? [...directories].map(([path, entry]) => [path, byMode(entry)] as const),
    );
  }

  private refusesLink(path: string, link: Permissions, last: boolean): string | undefined {
    const parent = path.slice(0, path.lastIndexOf('/')) || '/';
    const directory = this.viewOf(parent).look(parent);
    if (
      last &&
      'mode' in directory &&
      isProtectedLink(link, directory, this.credentials) &&
      this.linksAreProtected()
    ) {
      return 'fs.protected_symlinks forbids to follow a link of another owner in a sticky, world-writable directory';
    }
    if (!this.mounts.some((mount) => mount.options.includes('nosymfollow'))) return undefined;
    return this.mountOf(path)?.options.includes('nosymfollow')
      ? 'it is a link on a file system mounted nosymfollow'
      : undefined;
  }

  private linksAreProtected(): boolean {
    this.protectsLinks ??= readFileSync('/proc/sys/fs/protected_symlinks', 'latin1').trim() !== '0';
    return this.protectsLinks;
  }

  /** Whether any mount above a path has an option: then it takes a look at which mount it really is. */
  private mayLieOn(option: string, path: string): boolean {
    return this.mounts.some(
      ({ path: point, options }) =>
        options.includes(option) && (path === point || path.startsWith(point === '/' ? point : `${point}/`)),
    );
  }

  private mountOf(path: string): Mount | undefined {
    const anchored = this.view.anchor(path);
    const id = anchored === undefined ? undefined : mountIdOf(anchored);
    return this.mounts.find((mount) => mount.id === id);
  }

  private async ofEntry(path: string, entry: DeviceEntry | FileEntry, wanted: number): Promise<AccessFact> {
    const refused = { kind: 'refused', path, why: describePermissions(entry) } as const;
    const byMode = accessByMode(entry, this.credentials, wanted);
    if (byMode !== 'undecided') return byMode === 'allowed' ? { kind: 'allowed' } : refused;
    const anchored = this.view.anchor(path)?.replace('/proc/self/', `/proc/${process.pid}/`) ?? path;
    const acl = await run(['getfacl', '--numeric', '--omit-header', '--absolute-names', '--', anchored], {
      deadline: getfaclDeadline,
    });
    if (acl.exit !== 0) {
      const why = acl.missing
        ? 'getfacl is not installed (package acl)'
        : acl.stderr.trim() || 'getfacl failed';
      return { unknown: `the access control list of ${path} could not be read: ${why}` };
    }
    return accessByAcl(parseAcl(acl.stdout), entry, this.credentials, wanted) ? { kind: 'allowed' } : refused;
  }
}

function searchError(directory: string): string | undefined {
  try {
    closeSync(openSync(directory, asSearched));
    return undefined;
  } catch (error) {
    return errorName(error);
  }
}
