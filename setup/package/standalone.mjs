// Makes the agent for machines without Node: an archive with install.sh, the files that it installs, and one
// executable that is both Node and the program
// (https://nodejs.org/docs/latest-v20.x/api/single-executable-applications.html). It starts as fast as node does with
// the same program.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, writeFileSync } from 'node:fs';
import { machine } from 'node:os';
import { join } from 'node:path';
import { root, time, version } from '../build/release.mjs';
import { licenceOfNode } from './node-licence.mjs';
import { layDocumentation, layProgram, settle } from './payload.mjs';

/** Marks the place in Node's binary where Node looks for the injected program. */
const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/** @returns the path of the archive. `givenLicence`: Node's licence, for a Node that came without. */
export function makeStandalone(workshop, packages, givenLicence) {
  const name = `migrate-guard-host-standalone_${version}_${machine()}`;
  const tree = join(workshop, name);
  layProgram(tree);
  layDocumentation(join(tree, 'doc'));
  copyFileSync(licenceOfNode(process.execPath, givenLicence), join(tree, 'LICENSE.node'));
  makeExecutable(join(tree, 'standalone'), workshop);
  settle(tree);
  const file = join(packages, `${name}.tar.gz`);
  const owners = ['--owner=0', '--group=0', '--numeric-owner', '--sort=name', `--mtime=@${time}`];
  execFileSync('tar', ['-C', workshop, ...owners, '--use-compress-program=gzip -n', '-cf', file, name]);
  return file;
}

/** Writes to `file` the executable, and its parts to the directory `workshop`. */
export function makeExecutable(file, workshop) {
  if (process.config.variables.node_shared)
    throw new Error(`${process.execPath} needs libnode.so beside it: package with the Node of nodejs.org`);
  const output = join(workshop, 'blob');
  const config = join(workshop, 'sea.json');
  const text = {
    // The executable contains this path, so it must not depend on the directory of this tree.
    main: 'setup/package/standalone-main.cjs',
    output,
    assets: Object.fromEntries(
      ['migrate-guard.cjs', 'agent.cjs'].map((name) => [name, join(root, 'dist', name)]),
    ),
    disableExperimentalSEAWarning: true,
  };
  writeFileSync(config, JSON.stringify(text));
  run('--experimental-sea-config', config);
  copyFileSync(process.execPath, file);
  chmodSync(file, 0o755);
  run(
    join(root, 'node_modules/postject/dist/cli.js'),
    file,
    'NODE_SEA_BLOB',
    output,
    '--sentinel-fuse',
    fuse,
  );
}

/** Both commands print much that is only useful after a failure. */
function run(...argv) {
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`node ${argv.join(' ')} failed:\n${stdout}${stderr}`);
}
