import { spawnSync } from 'node:child_process';
import { chmodSync, lchownSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../src/system/command';
import { useStage } from './harness';

// A getfacl that never comes back, as on storage that hangs after it has answered once.

const on = useStage({ volumes: 0 });
const program = [
  process.execPath,
  '-r',
  'ts-node/register/transpile-only',
  join(__dirname, 'foresee/within.ts'),
] as const;
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'migrate-guard-foresee-'));
  chmodSync(directory, 0o755);
  const gate = join(directory, 'gate');
  spawnSync('mkfifo', [gate]);
  writeFileSync(join(directory, 'getfacl'), `#!/bin/sh\nread line <'${gate}'\n`, { mode: 0o755 });
});
afterEach(() => {
  // Whoever still reads comes to the end of it.
  spawnSync('timeout', ['5', 'sh', '-c', ': >"$1"', 'sh', join(directory, 'gate')]);
  rmSync(directory, { recursive: true });
});

/** A domain with a disk behind a link; `uid`: whose the disk is. For root's, getfacl has to tell whether QEMU may. */
async function start(name: string, uid: number): Promise<string> {
  const [disk, link] = [join(directory, `${name}.disk`), join(directory, `${name}.link`)];
  writeFileSync(disk, '');
  lchownSync(disk, uid, uid);
  chmodSync(disk, 0o660);
  symlinkSync(disk, link);
  await on.stage.startQemu({ name, disks: [{ path: link, type: 'file' }] });
  return link;
}

test('what hangs with some VMs is unknown of them, and hides no other', async () => {
  const links = [await start('one-310', 0), await start('one-311', 0), await start('one-312', 9869)];
  const changes = links.map((link) => ({ link, target: link.replace(/link$/, 'disk') }));
  const argv = [...program, '1000', on.stage.host.path('/mnt/libvirt'), JSON.stringify(changes)] as const;
  const env = { PATH: `${directory}:${process.env['PATH'] ?? ''}`, NODE_OPTIONS: '' };
  const { exit, stdout, stderr } = await run(argv, { deadline: 60_000, cwd: join(__dirname, '../..'), env });
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  const late = 'undecided undecided its paths were not looked at in time';
  expect(stdout.split('\n')).toEqual([`one-310 ${late}`, `one-311 ${late}`, 'one-312 safe safe ', '']);
});
