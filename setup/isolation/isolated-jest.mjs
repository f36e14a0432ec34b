// Starts jest for a tier: as root in separate namespaces, where tests can neither write to the machine nor see other
// processes (init.sh, writable.txt). Without root nothing of the machine can be written anyway.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { root } from '../prepare.mjs';

const jest = join(root, 'node_modules/jest/bin/jest.js');
const init = join(root, 'setup/isolation/init.sh');
const cache = process.env.MIGRATE_GUARD_CACHE ?? '/var/cache/migrate-guard';
const isolated = process.getuid() === 0;

/**
 * The temporary directory of one run: `inside` is its path for tests, `outside` its path for everything else. The
 * caller removes it after the run.
 */
export function makeTemporary() {
  const guarded = mkdtempSync(join(tmpdir(), 'migrate-guard-test-'));
  const outside = join(guarded, 'tmp');
  mkdirSync(outside);
  // Tests run programs as other users; the directory around it keeps other users of the machine out.
  chmodSync(outside, 0o1777);
  // The last processes of a killed run may still write while the directory is removed.
  const remove = () => rmSync(guarded, { recursive: true, force: true, maxRetries: 10 });
  return { outside, inside: isolated ? '/tmp' : outside, remove };
}

/**
 * The signal that ends such a run. unshare(1) blocks all others but SIGHUP while it waits; all processes of the run
 * end with it.
 */
export const endSignal = isolated ? 'SIGKILL' : 'SIGTERM';

/**
 * The command that runs jest with these arguments: `file`, `args` and `env` for spawn() or spawnSync(). `node`: the
 * program that runs it.
 */
export function isolatedJest(
  jestArguments,
  temporary,
  { env: environment = process.env, node = process.execPath } = {},
) {
  const env = { ...environment, TMPDIR: temporary.inside, MIGRATE_GUARD_RUN: temporary.inside };
  // Tests must not get the user's keys, nor certificates for a network that they do not have: where the file of those
  // cannot be read, every Node prints a warning.
  delete env.SSH_AUTH_SOCK;
  delete env.NODE_EXTRA_CA_CERTS;
  if (!isolated) return { file: node, args: [jest, ...jestArguments], env };
  mkdirSync(join(root, 'node_modules/.cache'), { recursive: true });
  const kinds = ['mount', 'pid', 'ipc', 'uts', 'net'].map((kind) => `--${kind}`);
  const visible = [dirname(dirname(node)), cache].filter((place) => existsSync(place));
  const command = [node, jest, ...jestArguments];
  const first = ['sh', init, root, temporary.outside, ...visible, '--', ...command];
  const unshare = ['unshare', ...kinds, '--propagation', 'private', '--fork', '--kill-child', ...first];
  // Whichever process is killed, nothing remains: each dies with its parent, and all inside with the first of them.
  return { file: 'setpriv', args: ['--pdeathsig', 'KILL', '--', ...unshare], env };
}
