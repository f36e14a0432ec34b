// The licence of Node must accompany each copy of Node.
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Paths below the directory that contains bin/node, in nodejs.org's archives and in packages. */
const places = ['LICENSE', 'share/doc/nodejs/LICENSE', 'share/doc/nodejs/copyright'];

/** The file that contains the licence of this Node. `given`: for a binary that was copied without it. */
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
