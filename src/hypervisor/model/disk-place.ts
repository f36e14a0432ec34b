import { oneOf, readObject, stringsIn } from '../../core/report-json';
import type { Domain } from './domain-xml';

/** Where a local disk of a domain is, and what a command that copies it must know. */
export interface DiskPlace {
  /** Target name of the disk: `vda`. */
  readonly disk: string;
  readonly path: string;
  readonly type: 'block' | 'file';
  readonly format?: string;
  readonly readonly?: true;
  /** It is a layer on another file. */
  readonly hasBacking?: true;
  /** It is qcow2, and its data are in a file of their own. */
  readonly hasDataFile?: true;
  /** Where a copy job of libvirt writes it. */
  readonly copyingTo?: string;
}

export function diskPlacesOf({ sources }: Domain): DiskPlace[] {
  const has = (disk: string, role: string) => sources.find((one) => one.disk === disk && one.role === role);
  const data = sources.filter(({ role, data }) => role === 'disk' && data === true);
  return sources
    .filter(({ role, data }) => role === 'disk' && data !== true)
    .map(({ disk, path, type, format, readonly }) => {
      const mirror = has(disk, 'mirror');
      return {
        ...{ disk, path, type },
        ...(format === undefined ? {} : { format }),
        ...(readonly ? { readonly } : {}),
        ...(has(disk, 'backing') ? { hasBacking: true } : {}),
        ...(data.some((one) => one.disk === disk) ? { hasDataFile: true } : {}),
        ...(mirror ? { copyingTo: mirror.path } : {}),
      };
    });
}

/** The list that an agent sent; `undefined` for anything else. */
export function readDiskPlaces(value: unknown): DiskPlace[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const places = value.map(readDiskPlace);
  return places.every((place) => place !== undefined) ? places : undefined;
}

function readDiskPlace(value: unknown): DiskPlace | undefined {
  const given = readObject(value);
  if (!given) return undefined;
  const { disk, path, ...others } = stringsIn(given, ['disk', 'path', 'format', 'copyingTo']);
  const type = oneOf(['block', 'file'], given.get('type'));
  if (disk === undefined || path === undefined || !type) return undefined;
  const isSet = (name: string): boolean => given.get(name) === true;
  return {
    ...{ disk, path, type },
    ...others,
    ...(isSet('readonly') ? { readonly: true } : {}),
    ...(isSet('hasBacking') ? { hasBacking: true } : {}),
    ...(isSet('hasDataFile') ? { hasDataFile: true } : {}),
  };
}
