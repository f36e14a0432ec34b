// Node's licence asks to travel with it.
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Below the directory that holds bin/node: as nodejs.org's archives have it, and as packages have it. */
const places = ['LICENSE', 'share/doc/nodejs/LICENSE', 'share/doc/nodejs/copyright'];

/**
 * The file that holds the licence of this Node.
 * `given`: for a binary that was copied from elsewhere, and came without.
 */
export function licenceOfNode(node, given) {
  if (given !== undefined) {
    if (existsSync(given)) return given;
    throw new Error(`--node-licence: there is no file ${given}`);
  }
  const prefix = dirname(dirname(realpathSync(node)));
  const found = places.map((place) => join(prefix, place)).find((place) => existsSync(place));
  if (found === undefined)
    throw new Error(
      `the licence of Node is not below ${prefix} (${places.join(', ')}): name it by --node-licence FILE`,
    );
  return found;
}
