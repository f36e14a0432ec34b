import { constants, fstatSync, readdirSync, readFileSync } from 'node:fs';
import { errorName } from '../../core/error-name';
import { remedyOf } from '../../core/remedy-of';
import type { Unknown } from '../../core/unknown';
import { textOf } from '../../messages';
import { withFile } from '../../os/open-file';

/** The texts of scripts, and of the site's files that StorPool's scripts read. */
interface DatastoreScripts {
  /** By `DRIVER/NAME`; what a driver does not have is not in here. */
  readonly scripts: ReadonlyMap<string, string>;
  readonly site: readonly string[];
}

/** In this order StorPool's scripts look for the first (storpool_common.sh, lookup_file); the last one is read in any case. */
const siteFiles = [
  '/var/lib/one/remotes/addon-storpoolrc',
  '/var/lib/one/remotes/datastore/addon-storpoolrc',
  '/var/lib/one/remotes/tm/storpool/addon-storpoolrc',
  '/etc/storpool/addon-storpool.conf',
];

/** The scripts of these names of all datastore drivers of the front-end, below `root`. */
export function readDatastoreScripts(root: string, names: readonly string[]): DatastoreScripts | Unknown {
  const directory = `${root}/var/lib/one/remotes/tm`;
  try {
    const scripts = new Map<string, string>();
    for (const driver of readdirSync(directory)) {
      for (const name of names) {
        const text = readRegularFile(`${directory}/${driver}/${name}`);
        if (text !== undefined) scripts.set(`${driver}/${name}`, text);
      }
    }
    return { scripts, site: siteFiles.flatMap((file) => readRegularFile(`${root}${file}`) ?? []) };
  } catch (error) {
    const remedy = remedyOf(error, directory, { otherwise: textOf('run-on-front-end') });
    return { unknown: textOf('tm-drivers-not-read', { directory, why: errorName(error) }), remedy };
  }
}

/**
 * `undefined` where it is missing or not a regular file: `remotes/` belongs to OpenNebula's user, who may have put a pipe
 * there. @throws the system's error if it cannot be read
 */
export function readRegularFile(path: string): string | undefined {
  try {
    return withFile(path, constants.O_RDONLY | constants.O_NONBLOCK, (descriptor) =>
      fstatSync(descriptor).isFile() ? readFileSync(descriptor, 'utf8') : undefined,
    );
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errorName(error))) return undefined;
    throw error;
  }
}
