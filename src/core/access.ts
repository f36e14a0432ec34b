import type { DeviceEntry, FileEntry, Permissions } from './entry';
import type { Credentials } from './process-status';

/** `undecided` means: an access control list could change the answer, and it was not read. */
export type Access = 'allowed' | 'denied' | 'undecided';

/**
 * Whether mode bits alone tell if the kernel lets these credentials open a file (fs/namei.c,
 * acl_permission_check). The owner is judged by the owner's bits even where there is an access control list;
 * for everybody else a list can give or take, but never more than the group bits, which then are its mask.
 */
export function accessByMode(entry: Permissions, credentials: Credentials, wanted: number): Access {
  if (credentials.overridesAccess) return 'allowed';
  const has = (bits: number): boolean => ((entry.mode >> bits) & wanted) === wanted;
  if (credentials.uid === entry.uid) return has(6) ? 'allowed' : 'denied';
  return has(3) || has(0) ? 'undecided' : 'denied';
}

interface AclEntry {
  readonly tag: string;
  /** `undefined` for the owner, the owning group, the mask and others. */
  readonly id: number | undefined;
  readonly bits: number;
}

/** Reads what `getfacl --numeric --omit-header` prints (acl(5), long text form). */
export function parseAcl(text: string): AclEntry[] {
  return [...text.matchAll(/^(user|group|mask|other):(\d*):([r-])([w-])([x-])/gm)].map((match) => ({
    tag: match[1] ?? '',
    id: match[2] === '' ? undefined : Number(match[2]),
    bits: (match[3] === 'r' ? 4 : 0) | (match[4] === 'w' ? 2 : 0) | (match[5] === 'x' ? 1 : 0),
  }));
}

/**
 * The access check algorithm of acl(5) over a whole list, minimal ones (without a mask) included. What acl(5) does
 * not tell: a list whose mask is empty is not looked at, and then others may be what they are (fs/namei.c,
 * acl_permission_check asks for a list only if the group bits are not 0).
 */
export function accessByAcl(
  acl: readonly AclEntry[],
  owner: Pick<Permissions, 'uid' | 'gid'>,
  credentials: Credentials,
  wanted: number,
): boolean {
  if (credentials.overridesAccess) return true;
  const bitsOf = (tag: string, id?: number): number | undefined =>
    acl.find((entry) => entry.tag === tag && entry.id === id)?.bits;
  const grants = (bits: number): boolean => (bits & wanted) === wanted;
  const mask = bitsOf('mask') ?? 7;
  if (credentials.uid === owner.uid) return grants(bitsOf('user') ?? 0);
  if (mask === 0) {
    const isMember = credentials.gid === owner.gid || credentials.groups.includes(owner.gid);
    return !isMember && grants(bitsOf('other') ?? 0);
  }
  const named = bitsOf('user', credentials.uid);
  if (named !== undefined) return grants(named & mask);
  const groups = new Set([credentials.gid, ...credentials.groups]);
  const matching = acl.filter((entry) => entry.tag === 'group' && groups.has(entry.id ?? owner.gid));
  if (matching.length > 0) return matching.some((entry) => grants(entry.bits & mask));
  return grants(bitsOf('other') ?? 0);
}

/** Bits that QEMU needs: re-opening read-only to hand over, and for writing again when it takes back. */
export function wantedBits(source: { readonly readonly: boolean }): number {
  return source.readonly ? 4 : 6;
}

/** How a message names what stands in the way: `0660, owner 0:6`. */
export function describePermissions(entry: DeviceEntry | FileEntry): string {
  return `mode ${entry.mode.toString(8).padStart(4, '0')}, owner ${entry.uid}:${entry.gid}`;
}

/**
 * The kernel's fs.protected_symlinks (fs/namei.c, may_follow_link): in a sticky, world-writable directory a
 * trailing link is followed only if it belongs to who follows it, or to the directory's owner.
 */
export function isProtectedLink(
  link: Permissions,
  directory: Permissions,
  credentials: Credentials,
): boolean {
  return link.uid !== credentials.uid && (directory.mode & 0o1002) === 0o1002 && directory.uid !== link.uid;
}
