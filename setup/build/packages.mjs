// Which packages of others the programs hold, as esbuild tells it, and what package-lock.json says of each.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './release.mjs';

const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;

/** Where the packages lie (`node_modules/a/node_modules/@b/c`) that have a part in one output of esbuild. */
export function packagesIn({ outputs }) {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs));
  const used = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  // The last match: a package inside another's is one of its own.
  const paths = used.map(([path]) => /node_modules\/.*(?<=node_modules\/)(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]);
  return new Set(paths.filter((path) => path !== undefined));
}

/** All of them, sorted by name and version. `contained`: the programs that hold it, by where a package lies. */
export function describePackages(contained) {
  return [...contained]
    .map(([path, programs]) => ({ path, programs: [...programs].sort(), ...entryOf(path) }))
    .sort((one, other) => (`${one.name} ${one.version}` < `${other.name} ${other.version}` ? -1 : 1));
}

/** Where the packages lie that our own code asks for. All of them are needed to build, and none beside the programs. */
export const ownNeeds = Object.keys(lock[''].devDependencies).map((name) => `node_modules/${name}`);

function entryOf(path) {
  const { version, license, integrity, dependencies = {} } = lock[path] ?? {};
  if (!version || !license || !integrity)
    throw new Error(`package-lock.json does not tell version, license and integrity of ${path}`);
  const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
  return {
    name,
    version,
    license,
    integrity,
    needs: Object.keys(dependencies).map((need) => find(path, need)),
  };
}

/** As Node finds it: in the package's own node_modules, then further and further out. */
function find(path, name) {
  for (let at = path; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    const candidate = `${at === '' ? '' : `${at}/`}node_modules/${name}`;
    if (lock[candidate]) return candidate;
    if (at === '') return undefined;
  }
}
