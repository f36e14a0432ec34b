import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import {
  accessByAcl,
  accessByMode,
  describePermissions,
  isProtectedLink,
  parseAcl,
  wantedBits,
} from '../core/access';
import type { DiskSource } from '../core/domain';
import type { DeviceEntry, Entry, FileEntry, Permissions } from '../core/entry';
import { errorName } from '../core/errors';
import type { AccessFact, Unknown } from '../core/facts';
import type { Mount } from '../core/mounts';
import { canBeDisk } from '../core/plan';
import type { Credentials } from '../core/process-status';
import type { Walk } from '../core/walk';
import { asUserSoon } from './as-user-soon';
import { run } from './command';
import { mountIdOf, toEntry, type TreeView } from './view';

const getfaclDeadline = 5_000;
/** Bits of the mode: that lets a directory be searched, and that lets a file be written. */
const mayBeSearched = 1;
const mayBeWritten = 2;
const asSearched = 0o10000000 | constants.O_DIRECTORY;
const asPinned = 0o10000000 | constants.O_NOFOLLOW;

/** Asks, for one QEMU, what its user may do along the ways inside its namespace. Nothing is opened but directories. */
export class AccessProbe {
  /** By directory: why it may not be searched, or why nobody can tell. */
  private searched: ReadonlyMap<string, AccessFact | undefined> = new Map();
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
    const wanted = wantedBits(source);
    const why = this.refusedByMount(walk.end.path, walk.end.entry, wanted);
    if (why !== undefined) return { kind: 'refused', path: walk.end.path, why };
    return this.ofEntry(walk.end.path, walk.end.entry, wanted);
  }

  private alongTheWay(walk: Walk): AccessFact | undefined {
    for (const { path, entry, last } of walk.passages) {
      if (entry.kind === 'directory') {
        const refused = this.searched.get(path);
        if (refused) return refused;
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
   * runs as uid 0 without capabilities is judged by mode and list.
   */
  async search(walks: readonly Walk[]): Promise<void> {
    const directories = new Map<string, Entry & Permissions>();
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
    // Any other error is the storage's, and says nothing of what QEMU's user may do.
    const refused = (path: string, error: string): AccessFact =>
      error === 'EACCES'
        ? { kind: 'refused', path, why: 'EACCES, it may not search this directory' }
        : { unknown: `whether ${path} may be searched cannot be asked: ${error}` };
    const searched = new Map<string, AccessFact | undefined>();
    for (const [path, error] of answers ?? [])
      if (error !== undefined) searched.set(path, refused(path, error));
    for (const [path, entry] of answers ? [] : directories) {
      const access = await this.byList(path, entry, mayBeSearched);
      if (access === false) searched.set(path, refused(path, 'EACCES'));
      else if (access !== true) searched.set(path, access);
    }
    this.searched = searched;
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

  private refusedByMount(
    path: string,
    { kind }: DeviceEntry | FileEntry,
    wanted: number,
  ): string | undefined {
    if (kind === 'block' && this.liesOn(path, ({ options }) => options.includes('nodev')))
      return 'it lies on a file system mounted nodev';
    // A device may be written wherever its node lies.
    if (kind === 'file' && (wanted & mayBeWritten) !== 0 && this.liesOn(path, ({ isReadOnly }) => isReadOnly))
      return 'it lies on a file system mounted read-only';
    return undefined;
  }

  /** It takes a look at which mount it really is, but only if any above the path is such a one. */
  private liesOn(path: string, isSuch: (mount: Mount) => boolean): boolean {
    const mayBe = this.mounts.some(
      (mount) =>
        isSuch(mount) &&
        (path === mount.path || path.startsWith(mount.path === '/' ? '/' : `${mount.path}/`)),
    );
    const mount = mayBe ? this.mountOf(path) : undefined;
    return mount !== undefined && isSuch(mount);
  }

  private mountOf(path: string): Mount | undefined {
    const anchored = this.view.anchor(path);
    const id = anchored === undefined ? undefined : mountIdOf(anchored);
    return this.mounts.find((mount) => mount.id === id);
  }

  private async ofEntry(path: string, entry: DeviceEntry | FileEntry, wanted: number): Promise<AccessFact> {
    const access = await this.byList(path, entry, wanted);
    if (typeof access !== 'boolean') return access;
    return access ? { kind: 'allowed' } : { kind: 'refused', path, why: describePermissions(entry) };
  }

  /** Whether mode bits and access control list allow what is wanted. The list is read only where it counts. */
  private async byList(path: string, entry: Entry & Permissions, wanted: number): Promise<boolean | Unknown> {
    const byMode = accessByMode(entry, this.credentials, wanted);
    if (byMode !== 'undecided') return byMode === 'allowed';
    const descriptor = this.pin(path, entry);
    if (typeof descriptor !== 'number') return descriptor;
    const pinned = `/proc/${process.pid}/fd/${descriptor}`;
    const argv = ['getfacl', '--numeric', '--omit-header', '--absolute-names', '--', pinned] as const;
    const acl = await run(argv, { deadline: getfaclDeadline }).finally(() => closeSync(descriptor));
    if (acl.exit !== 0) {
      const why = acl.missing
        ? 'getfacl is not installed (package acl)'
        : acl.stderr.trim() || 'getfacl failed';
      return { unknown: `the access control list of ${path} could not be read: ${why}` };
    }
    return accessByAcl(parseAcl(acl.stdout), entry, this.credentials, wanted);
  }

  /** A descriptor of the very entry that was looked at: another one may have its name by now. */
  private pin(path: string, entry: Entry): number | Unknown {
    let descriptor: number;
    try {
      descriptor = openSync(this.viewOf(path).anchor(path) ?? '', asPinned);
    } catch (error) {
      return { unknown: `${path} cannot be looked at again: ${errorName(error)}` };
    }
    const now = toEntry(fstatSync(descriptor), `/proc/self/fd/${descriptor}`);
    if (JSON.stringify(now) === JSON.stringify(entry)) return descriptor;
    closeSync(descriptor);
    return { unknown: `${path} changed while it was looked at` };
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
