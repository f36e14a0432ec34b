import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { CommandResult } from '../../src/system/command';
import { useStage, type Stage } from './harness';

// Storage whose server is gone: a FUSE file system that nobody serves. The first look at it does not come back.

const on = useStage();
let server: number | undefined;

/** While the descriptor is open the kernel waits for a server that is to read from it. */
function mountDead(stage: Stage, path: string): void {
  stage.host.directory(path);
  server = openSync('/dev/fuse', 'r+');
  const options = 'fd=3,rootmode=40000,user_id=0,group_id=0,allow_other';
  const enter = [`--mount=/proc/${stage.servant.pid}/ns/mnt`, '--wdns=/', '--'];
  const { status, stderr } = spawnSync(
    'nsenter',
    [...enter, 'mount', '--internal-only', '-t', 'fuse', '-o', options, 'dead', path],
    { stdio: ['ignore', 'ignore', 'pipe', server], encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(stderr);
}

/** The kernel then ends all that wait. */
afterEach(() => {
  if (server !== undefined) closeSync(server);
  server = undefined;
});

test.each([
  ['lies on it', '/mnt/dead/311/disk.0'],
  ['is a link to it, re-pointed since QEMU started', '/mnt/one/datastores/0/311/disk.0'],
])('a disk’s path that %s is undecided in bounded time, and hides no other domain', async (_, path) => {
  await on.startHealthy();
  if (!path.startsWith('/mnt/dead/')) on.stage.host.link(path, '/mnt/dead/311/disk.0');
  await on.stage.startQemu({ name: 'one-311', disks: [{ path, type: 'file' }], holds: [] });
  mountDead(on.stage, '/mnt/dead');
  for (const verb of ['check', 'repair'])
    expectUndecided(await on.stage.run([verb, '--all', '--json', ...on.stage.configuration]));
});

function expectUndecided({ exit, timedOut, stdout, stderr }: CommandResult): void {
  expect({ exit, timedOut, stderr }).toEqual({ exit: 2, timedOut: false, stderr: '' });
  const { domains } = JSON.parse(stdout) as { domains: { domain: string; verdict: string }[] };
  expect(domains).toMatchObject([
    { domain: 'one-310', verdict: 'safe' },
    { domain: 'one-311', verdict: 'undecided' },
  ]);
  expect(stdout).toContain('the storage at /mnt/dead does not answer');
}
