import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultSettings } from '../../../src/config/settings';
import type { CommandResult } from '../../../src/os/run-command';
import { forecastRelink } from '../../../src/relink/forecast';
import { oneadmin, stateDirectory, useStage, type Qemu, type Stage } from '../harness';

// Storage whose server is gone: a FUSE file system without a server. The first access to it never returns.

const on = useStage();
let server: number | undefined;

/**
 * Mounts it in the namespace of that process. While the descriptor is open the kernel waits for a server that reads
 * from it.
 */
function mountDead(stage: Stage, path: string, pid = stage.servant.pid): void {
  stage.host.directory(path);
  server = openSync('/dev/fuse', 'r+');
  const options = 'fd=3,rootmode=40000,user_id=0,group_id=0,allow_other';
  const enter = [`--mount=/proc/${pid}/ns/mnt`, '--wdns=/', '--'];
  const { status, stderr } = spawnSync(
    'nsenter',
    [...enter, 'mount', '--internal-only', '-t', 'fuse', '-o', options, 'dead', path],
    { stdio: ['ignore', 'ignore', 'pipe', server], encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(stderr);
}

/** Closing the descriptor makes the kernel end all waiting accesses. */
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

test('a file that hangs and that some VMs share is unknown for them, and hides no other VM', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'migrate-guard-foresee-'));
  try {
    chmodSync(directory, 0o755);
    const start = async (name: string, target: string): Promise<[string, Qemu]> => {
      const path = join(directory, `${name}.link`);
      symlinkSync(target, path);
      return [path, await on.stage.startQemu({ name, disks: [{ path, type: 'file' }], holds: [] })];
    };
    const disk = join(directory, 'disk');
    writeFileSync(disk, '');
    chownSync(disk, oneadmin.uid, oneadmin.gid);
    const started = [await start('one-310', '/mnt/dead/disk'), await start('one-311', disk)] as const;
    const [[, hanging]] = started;
    mountDead(on.stage, '/mnt/dead', hanging.pid);
    const libvirt = { ...defaultSettings.libvirt, stateDirectory: on.stage.host.path(stateDirectory) };
    const found: string[] = [];
    const changes = started.map(([link], index) => ({
      link,
      target: index === 0 ? '/mnt/dead/other' : disk,
    }));
    for await (const { report, now } of forecastRelink(
      changes,
      { ...defaultSettings, libvirt },
      60_000,
      () => true,
    )) {
      const trouble = report.findings.find(({ state }) => state !== 'ok')?.what ?? '';
      found.push(`${report.domain} ${now} ${trouble}`);
    }
    expect(found[0]).toMatch(/^one-310 undecided .*\/mnt\/dead does not answer/);
    // Its QEMU holds no file open, which is reported only for paths that were checked.
    expect(found[1]).toMatch(/^one-311 blocked .*QEMU holds no such device or file open/);
    expect(found).toHaveLength(2);
  } finally {
    rmSync(directory, { recursive: true });
  }
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
