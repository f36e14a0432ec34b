export interface Mount {
  readonly id: number;
  /** Of the mount on which this one lies. */
  readonly parent: number;
  /** `major:minor` of the file system, and which of its directories is mounted. */
  readonly device: string;
  readonly root: string;
  /** Its mount point, relative to the root of that process. */
  readonly path: string;
  readonly options: readonly string[];
  /** This mount, or the whole file system, is read-only: no regular file there can be opened for writing. */
  readonly isReadOnly: boolean;
  readonly fileSystem: string;
  /** The source that mount(2) got. */
  readonly source: string;
  /** Of NFS: the server's address (nfs(5), `addr=`). */
  readonly server?: string;
}

/** What a line of mountinfo has after the two numbers at its start. */
type Mounted = Omit<Mount, 'id' | 'parent'>;

/** Cache by that text: a thousand QEMUs have a thousand tables of the same few mounts. */
const known = new Map<string, Mounted | undefined>();
/** A process that runs for months sees the mounts of many containers. */
const mostKnown = 10_000;

/** Reads `/proc/PID/mountinfo` (proc(5)); malformed lines are ignored. */
export function parseMounts(text: string): Mount[] {
  if (known.size > mostKnown) known.clear();
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
  const [, fileSystem = '', source = '', superOptions = ''] = back < 0 ? [] : fields.slice(back);
  const server = /^nfs4?$/.test(fileSystem) ? /(?:^|,)addr=([^,]+)/.exec(superOptions)?.[1] : undefined;
  return {
    device,
    root,
    path: unescape(path),
    options: options.split(','),
    // Both begin with `ro` or `rw` (fs/proc_namespace.c, show_mountinfo()).
    isReadOnly: /^ro(?:,|$)/.test(options) || /^ro(?:,|$)/.test(superOptions),
    fileSystem,
    source: unescape(source),
    ...(server === undefined ? {} : { server }),
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

/**
 * The mount on which a path without links lies, from the table alone: from the root downwards, at each directory the
 * mount that covers it. `undefined` when the table does not show it.
 */
export function mountAt(mounts: readonly Mount[], path: string): Mount | undefined {
  const ids = new Set(mounts.map(({ id }) => id));
  const isFirst = ({ id, parent }: Mount): boolean => parent === id || !ids.has(parent);
  let current = mounts.find((mount) => mount.path === '/' && isFirst(mount));
  const covers = (mount: Mount): boolean =>
    mount !== current && mount.parent === current?.id && isAtOrBelow(path, mount.path);
  for (;;) {
    // Of several mounts on one mount, the path enters the outermost first.
    const next = mounts
      .filter(covers)
      .reduce<Mount | undefined>(
        (outer, mount) => (outer && outer.path.length <= mount.path.length ? outer : mount),
        undefined,
      );
    if (!next) return current;
    current = next;
  }
}

function isAtOrBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === '/' ? '/' : `${directory}/`);
}

/** File systems in memory: a look at one never waits for a server or a device. */
const inMemory =
  /^(?:tmpfs|devtmpfs|ramfs|rootfs|proc|sysfs|devpts|mqueue|hugetlbfs|cgroup2?|securityfs|debugfs|tracefs|bpf|pstore)$/;

export function isInMemory({ fileSystem }: Mount): boolean {
  return inMemory.test(fileSystem);
}

/**
 * Whether this is what libvirt mounts as a QEMU's `/dev`: a tmpfs by the name of devfs (src/util/virfile.c,
 * virFileSetupDev).
 */
export function isDevOfLibvirt({ path, fileSystem, source }: Mount): boolean {
  return path === '/dev' && fileSystem === 'tmpfs' && source === 'devfs';
}

/** The mount below `/dev` (but not `/dev` itself) in which a path lies, if any: libvirt never touches those. */
export function submountOfDev(mounts: readonly Mount[], path: string): Mount | undefined {
  return mounts.find((mount) => mount.path.startsWith('/dev/') && isAtOrBelow(path, mount.path));
}
