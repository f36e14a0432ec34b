// Determines whether the files in dist/ are the ones that a build would make now: a stamp there records the inputs
// and the outputs of the last build. Usage: stamp.mjs: prints the files below dist/ that are up to date, and nothing
// if one of them is not.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { isMainProgram } from '../prepare.mjs';
import { put, written } from './put.mjs';
import { commit, root, time } from './release.mjs';

const dist = join(root, 'dist');
const stamp = '.made-from.json';
const inputs = [
  'src',
  'setup/build',
  'setup/build.mjs',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'LICENSE',
];

/** All inputs of a build. */
function inputsNow() {
  return {
    node: process.version,
    commit,
    time,
    files: sumOf(inputs.flatMap((name) => filesIn(join(root, name)))),
  };
}

function filesIn(path) {
  try {
    const entries = readdirSync(path, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  } catch (error) {
    if (error.code === 'ENOTDIR') return [path];
    throw error;
  }
}

/** A hash of their names and contents. */
function sumOf(files) {
  const hash = createHash('sha256');
  for (const file of files.sort()) {
    const content = createHash('sha256').update(readFileSync(file)).digest('hex');
    hash.update(`${content} ${relative(root, file)}\n`);
  }
  return hash.digest('hex');
}

/** The files below dist/ that a build would make, if all of them are up to date; otherwise none. */
export function currentFiles() {
  try {
    const { inputs: from, files, sum } = JSON.parse(readFileSync(join(dist, stamp), 'utf8'));
    const isSame = JSON.stringify(from) === JSON.stringify(inputsNow());
    return isSame && sum === sumOf(files.map((file) => join(dist, file))) ? files : [];
  } catch {
    // There is no stamp or no dist/, or a file is missing.
    return [];
  }
}

/** Runs the build, and records its inputs and outputs. */
export async function stamped(build) {
  rmSync(join(dist, stamp), { force: true });
  const from = inputsNow();
  await build();
  const files = [...written].sort();
  put(stamp, JSON.stringify({ inputs: from, files, sum: sumOf(files.map((file) => join(dist, file))) }));
}

if (isMainProgram(import.meta.url)) for (const file of currentFiles()) console.log(file);
