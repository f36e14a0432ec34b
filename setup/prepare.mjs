// Prepares what the tests, the demo and the bench need on a fresh machine. It uses Node's own modules only. All
// output goes to stderr: stdout belongs to the caller.
import { spawnSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Installs the packages of package-lock.json, if node_modules does not contain exactly these. */
export function prepareNode() {
  if (nodeModulesAreCurrent()) return;
  // Two concurrent runs must not both replace node_modules: the second one waits, and then finds it done.
  const again = [process.execPath, fileURLToPath(import.meta.url), 'install-node-modules'];
  oneAtATime(join(root, 'package-lock.json'), again, 'npm ci');
}

/** Installs Debian packages, by the groups of setup/packages.sh. Nothing happens if they are installed. */
export function preparePackages(groups) {
  if (groups.length > 0)
    execute(join(root, 'setup/packages.sh'), groups, `installing Debian packages (${groups.join(', ')})`);
}

/** Builds the bundles in dist/, if they are not the ones that a build would make now. */
export function prepareBuild() {
  const stamp = [join(root, 'setup/build/stamp.mjs')];
  if (execute(process.execPath, stamp, 'looking at dist/', 'pipe') !== '') return;
  execute(process.execPath, [join(root, 'setup/build.mjs')], 'building dist/');
}

/** Makes the file tree of another Debian release, in which tests run a host; the first time takes some minutes. */
export function prepareTree(release) {
  execute(join(root, 'setup/debian-tree.sh'), [release], `making a tree of Debian ${release}`);
}

/**
 * Builds QEMU 7.2.0, which has the bug; the first time takes minutes.
 * @returns its path
 */
export function prepareAffectedQemu() {
  const output = execute(join(root, 'setup/qemu-7.2.0.sh'), [], 'building QEMU 7.2.0', 'pipe');
  return output.trim().split('\n').at(-1);
}

function nodeModulesAreCurrent() {
  const wanted = packagesOf('package-lock.json');
  const present = packagesOf('node_modules/.package-lock.json');
  // Optional packages are mostly for other processors and systems.
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === '' || optional || present[path]?.version === version,
  );
}

function installNodeModules() {
  if (nodeModulesAreCurrent()) return;
  console.error('installing the npm packages of package-lock.json');
  // Its errors must be visible, even below an `npm --silent`.
  execute('npm', ['ci', '--loglevel=error'], 'npm ci');
}

function packagesOf(lockFile) {
  try {
    return JSON.parse(readFileSync(join(root, lockFile), 'utf8')).packages;
  } catch (error) {
    if (error.code === 'ENOENT') return {};
    throw error;
  }
}

/**
 * Runs a command that makes something, under the lock; another run reports that it waits. The command must first
 * check whether another run has made it.
 */
export function oneAtATime(lock, command, what) {
  const isFree = spawnSync('flock', ['--nonblock', lock, 'true']).status === 0;
  if (!isFree) console.error(`${what}: another process is at it; waiting for it`);
  execute('flock', [lock, ...command], what);
}

function execute(file, args, what, stdout = 2) {
  const {
    status,
    signal,
    error,
    stdout: output,
  } = spawnSync(file, args, {
    cwd: root,
    stdio: ['ignore', stdout, 2],
    encoding: 'utf8',
  });
  if (error) throw new Error(`${what}: ${error.message}`);
  if (status !== 0) throw new Error(`${what} failed (${signal ?? `exit status ${status}`}), see above`);
  return output;
}

/** Whether the module at this URL is the program that was started, and not only imported. */
export function isMainProgram(url) {
  return process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(url);
}

if (isMainProgram(import.meta.url)) {
  const actions = { node: prepareNode, 'install-node-modules': installNodeModules };
  const action = actions[process.argv[2]];
  if (action === undefined) {
    console.error('usage: prepare.mjs node');
    process.exit(64);
  }
  try {
    action();
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
