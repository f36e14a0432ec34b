// Makes the executable that is both Node and the program, so that a machine needs no Node
// (https://nodejs.org/docs/latest-v24.x/api/single-executable-applications.html): the packages contain it, and so does an
// archive for machines without a package manager. It starts as fast as node does with the same program.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root, time, version } from '../build/release.mjs';
import { packagedMajor, prepareNodeVersion } from '../node-versions.mjs';
import { layDocumentation, layProgram, settle } from './payload.mjs';

/** Marks the place in Node's binary where Node looks for the injected program. */
const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/** @returns the path of the archive */
export function makeStandalone(workshop, packages, architecture, runtime) {
  const name = `migrate-guard-host-standalone_${version}_${architecture.rpm}`;
  const tree = join(workshop, name);
  layProgram(tree, runtime);
  layDocumentation(join(tree, 'doc'));
  settle(tree);
  const file = join(packages, `${name}.tar.gz`);
  const owners = ['--owner=0', '--group=0', '--numeric-owner', '--sort=name', `--mtime=@${time}`];
  execFileSync('tar', ['-C', workshop, ...owners, '--use-compress-program=gzip -1n', '-cf', file, name]);
  return file;
}

/**
 * Makes the executable, and its parts in the directory `workshop`.
 * @returns its path, and that of the licence of the Node in it
 */
export function makeExecutable(workshop, architecture) {
  mkdirSync(workshop, { recursive: true });
  const [output, config, file] = ['blob', 'sea.json', 'standalone'].map((name) => join(workshop, name));
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
  // Only the version counts, not the processor, because the blob contains source text only.
  run(prepareNodeVersion(packagedMajor), '--experimental-sea-config', config);
  const node = prepareNodeVersion(packagedMajor, architecture.node);
  copyFileSync(node, file);
  chmodSync(file, 0o755);
  const postject = join(root, 'node_modules/postject/dist/cli.js');
  run(process.execPath, postject, file, 'NODE_SEA_BLOB', output, '--sentinel-fuse', fuse);
  return { file, licence: join(dirname(dirname(node)), 'LICENSE') };
}

/** Both commands print much that is only useful after a failure. */
function run(...argv) {
  const [program, ...args] = argv;
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${argv.join(' ')} failed:\n${stdout}${stderr}`);
}
