export interface Mount {
  readonly id: number;
  /** Of the mount on which this one lies. */
  readonly parent: number;
  /** `major:minor` of the file system, and which of its directories is mounted. */
  readonly device: string;
  readonly root: string;
  /** Where it is mounted, relative to the root of the process that was asked. */
  readonly path: string;
  readonly options: readonly string[];
  /** Of this mount, or of the whole file system: no regular file in there is opened for writing. */
  readonly isReadOnly: boolean;
  readonly fileSystem: string;
}

/** What a line of mountinfo tells beside the two numbers with which it begins. */
type Mounted = Omit<Mount, 'id' | 'parent'>;

/** By that text: a host has few mounts, and a thousand QEMUs have as many tables of them. */
const known = new Map<string, Mounted | undefined>();

/** Reads `/proc/PID/mountinfo` (proc(5)); lines that are not of its form are left out. */
export function parseMounts(text: string): Mount[] {
  const mounts: Mount[] = [];
  for (const line of text.split('\n')) {
    const first = line.indexOf(' ');
    const second = line.indexOf(' ', first + 1);
    if (second < 0) continue;
    const rest = line.slice(second + 1);
    if (!known.has(rest)) known.set(rest, parseMounted(rest));
    const mounted = known.get(rest);
    if (!mounted) continue;
    const [id, parent] = [line.slice(0, first), line.slice(first + 1, second)];
    if (!number.test(id) || !number.test(parent)) continue;
    mounts.push({ id: Number(id), parent: Number(parent), ...mounted });
  }
  return mounts;
}

function parseMounted(text: string): Mounted | undefined {
  const fields = text.split(' ');
  const [device = '', root = '', path, options] = fields;
  if (path === undefined || options === undefined) return undefined;
  const back = fields.indexOf('-', 4);
  const [, fileSystem = '', , superOptions = ''] = back < 0 ? [] : fields.slice(back);
  return {
    device,
    root,
    path: unescape(path),
    options: options.split(','),
    // Both begin with `ro` or `rw` (fs/proc_namespace.c, show_mountinfo()).
    isReadOnly: /^ro(?:,|$)/.test(options) || /^ro(?:,|$)/.test(superOptions),
    fileSystem,
  };
}

const number = /^[0-9]{1,10}$/;

/** The kernel writes space, tab, newline and backslash as three octal digits (fs/proc_namespace.c, mangle()). */
function unescape(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

/** What is mounted at each path, as far as it says what a path leads to; a path with more than one is left open. */
export type MountTable = ReadonlyMap<string, string>;

export function mountTable(mounts: readonly Mount[]): MountTable {
  const paths = new Map(mounts.map(({ id, path }) => [id, path]));
  const table = new Map<string, string>();
  for (const { parent, device, root, path, options } of mounts) {
    const what = `${device} ${root} ${options.join()} ${paths.get(parent) ?? ''}`;
    table.set(path, table.has(path) ? severalMounts : what);
  }
  return table;
}

const severalMounts = '';

/**
 * Which paths lead to the very same entry in two mount namespaces whose processes have the same root directory:
 * those with no mount at them, or above them, that only one namespace has, or that differs in what is mounted, how,
 * or on which mount. By induction along the path: a name in one directory is one entry of one file system, and
 * what is mounted over it is found by the mount on which the entry lies, and by its path.
 */
export function sharedPaths(one: MountTable, other: MountTable): (path: string) => boolean {
  const differing: string[] = [];
  for (const [path, what] of one) {
    if (what === severalMounts || other.get(path) !== what) differing.push(path);
  }
  for (const path of other.keys()) if (!one.has(path)) differing.push(path);
  if (!one.has('/') || differing.includes('/')) return () => false;
  return (path) => !differing.some((point) => path === point || path.startsWith(`${point}/`));
}

/** The mount below `/dev` (but not `/dev` itself) in which a path lies, if any: libvirt never touches those. */
export function submountOfDev(mounts: readonly Mount[], path: string): Mount | undefined {
  return mounts.find(
    (mount) => mount.path.startsWith('/dev/') && (path === mount.path || path.startsWith(`${mount.path}/`)),
  );
}
