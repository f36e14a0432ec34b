import { deviceIdentity, fileIdentity, type Identity } from './identity';

/** What one path leads to on a host. */
export interface PathOnHost {
  readonly path: string;
  /** The type as `stat` names it (`block special file`); `undefined` where the path does not exist. */
  readonly type: string | undefined;
  /** Bytes of a block device. */
  readonly size?: number;
  readonly identity?: Identity;
}

/** The same, as `stat` reports it. */
export interface StatedPath extends Pick<PathOnHost, 'path' | 'type'> {
  /** Of a block device, as `major:minor`. */
  readonly device?: string;
  /** Of a regular file. */
  readonly inode?: string;
}

/** The formats of stat(1) in which a host describes what a path leads to, and the file system of a file. */
export const statFormat = '%F\\t%t:%T\\t%i\\t%n\\0';
export const fileSystemFormat = '%t\\t%i\\t%n\\0';
/** What a host reads in sysfs of a block device. SCSI has its identity one directory below that of NVMe. */
export const deviceAttributes = ['size', 'wwid', 'device/wwid', 'dm/uuid'] as const;

/**
 * The major number of SCSI's CD-ROM drives (Documentation/admin-guide/devices.txt): each host has its own drive, and the
 * size is that of the medium.
 */
const drives = '11';

/** Reads what `stat` printed of these paths: nothing of one that does not exist. */
export function readStat(paths: readonly string[], text: string): StatedPath[] {
  const found = new Map(
    records(text, 4).map(([type = '', numbers = '', inode = '', path = '']): [string, StatedPath] => {
      const [major, minor] = numbers.split(':').map((digits) => String(Number.parseInt(digits, 16)));
      const device = type.startsWith('block') && major !== drives ? { device: `${major}:${minor}` } : {};
      return [path, { path, type, ...device, ...(type.startsWith('regular') ? { inode } : {}) }];
    }),
  );
  return paths.map((path) => found.get(path) ?? { path, type: undefined });
}

/** Adds what was read in sysfs of the devices, and of the file systems of the files. */
export function withDetails(
  stated: readonly StatedPath[],
  devices: string,
  fileSystems: string,
): readonly PathOnHost[] {
  const values = new Map(
    records(devices, 3).map(([device = '', name = '', value = '']) => [`${device} ${name}`, value]),
  );
  const systems = new Map(
    records(fileSystems, 3).map(([type = '', id = '', path = '']) => [path, { type, id }]),
  );
  return stated.map(({ path, type, device, inode }) => {
    const valueOf = (name: string): string => values.get(`${device ?? ''} ${name}`) ?? '';
    const size = valueOf('size');
    const system = systems.get(path);
    const identity =
      device !== undefined
        ? deviceIdentity(valueOf)
        : inode !== undefined && system
          ? fileIdentity(system, inode)
          : undefined;
    return {
      path,
      type,
      // sysfs counts sectors of 512 bytes for any device.
      ...(/^[0-9]+$/.test(size) ? { size: Number(size) * 512 } : {}),
      ...(identity ? { identity } : {}),
    };
  });
}

/** The records of an answer, each of so many fields; only the last field may contain a tab. */
function records(text: string, fields: number): string[][] {
  return text
    .split('\0')
    .map((line) => line.split('\t'))
    .filter((parts) => parts.length >= fields)
    .map((parts) => [...parts.slice(0, fields - 1), parts.slice(fields - 1).join('\t')]);
}
