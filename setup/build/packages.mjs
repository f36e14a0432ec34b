// Determines which third-party packages the programs contain, from esbuild's metafile, and what package-lock.json
// says of each.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './release.mjs';

const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;

/** The directories (`node_modules/a/node_modules/@b/c`) of the packages that are part of one output of esbuild. */
export function packagesIn({ outputs }) {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs));
  const used = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  // The last match counts: a package inside another one is a package by itself.
  const paths = used.map(([path]) => /node_modules\/.*(?<=node_modules\/)(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]);
  return new Set(paths.filter((path) => path !== undefined));
}

/**
 * All packages, sorted by name and version. `contained`: the programs that contain it, by the directory of the
 * package.
 */
export function describePackages(contained) {
  return [...contained]
    .map(([path, programs]) => ({ path, programs: [...programs].sort(), ...entryOf(path) }))
    .sort((one, other) => (`${one.name} ${one.version}` < `${other.name} ${other.version}` ? -1 : 1));
}

/**
 * The directories of the packages that package.json requires. All of them are needed to build, and none at run time.
 */
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

/** Resolves as Node does: in the package's own node_modules, then in those further up. */
function find(path, name) {
  for (let at = path; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    const candidate = `${at === '' ? '' : `${at}/`}node_modules/${name}`;
    if (lock[candidate]) return candidate;
    if (at === '') return undefined;
  }
}
