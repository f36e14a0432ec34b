// The files of a package.
import { chmodSync, cpSync, lutimesSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { root, time } from '../build/release.mjs';

/** install.sh and all files that it installs, the Node of `runtime` (makeExecutable) included. */
export function layProgram(directory, runtime) {
  for (const name of ['install.sh', 'LICENSE', 'config', 'hooks', 'remotes'])
    cpSync(join(root, name), join(directory, name), { recursive: true });
  const others = ['dist/packages', 'dist/.made-from.json'].map((path) => join(root, path));
  cpSync(join(root, 'dist'), join(directory, 'dist'), {
    recursive: true,
    filter: (from) => !others.includes(from),
  });
  cpSync(runtime.file, join(directory, 'standalone'));
  // It must accompany each copy of Node.
  cpSync(runtime.licence, join(directory, 'LICENSE.node'));
}

export function layDocumentation(directory) {
  mkdirSync(directory, { recursive: true });
  cpSync(join(root, 'LICENSE'), join(directory, 'copyright'));
  cpSync(join(root, 'README.md'), join(directory, 'README.md'));
  cpSync(join(root, 'docs'), join(directory, 'docs'), { recursive: true });
}

/** Modes as in git, and the time of the release: the umask and the clock of the machine have no effect. */
export function settle(directory) {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) settle(path);
    else chmodSync(path, statSync(path).mode & 0o100 ? 0o755 : 0o644);
    lutimesSync(path, time, time);
  }
  chmodSync(directory, 0o755);
  lutimesSync(directory, time, time);
}
