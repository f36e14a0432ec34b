export interface Mount {
  readonly id: number;
  /** Where it is mounted, relative to the root of the process that was asked. */
  readonly path: string;
  readonly options: readonly string[];
  readonly fileSystem: string;
}

/** Reads `/proc/PID/mountinfo` (proc(5)); lines that are not of its form are left out. */
export function parseMounts(text: string): Mount[] {
  const mounts: Mount[] = [];
  for (const line of text.split('\n')) {
    const fields = line.split(' ');
    const [id, , , , path, options] = fields;
    if (path === undefined || options === undefined) continue;
    const back = fields.indexOf('-', 6);
    mounts.push({
      id: Number(id),
      path: unescape(path),
      options: options.split(','),
      fileSystem: back < 0 ? '' : (fields[back + 1] ?? ''),
    });
  }
  return mounts;
}

/** The kernel writes space, tab, newline and backslash as three octal digits (fs/proc_namespace.c, mangle()). */
function unescape(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

/** The mount below `/dev` (but not `/dev` itself) in which a path lies, if any: libvirt never touches those. */
export function submountOfDev(mounts: readonly Mount[], path: string): Mount | undefined {
  return mounts.find(
    (mount) => mount.path.startsWith('/dev/') && (path === mount.path || path.startsWith(`${mount.path}/`)),
  );
}
