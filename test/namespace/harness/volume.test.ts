import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '.';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'migrate-guard-killed-'));
});

afterEach(() => {
  for (const device of attached()) execFileSync('losetup', ['--detach', device]);
  rmSync(directory, { recursive: true });
});

/** The loop devices on files of this test. */
function attached(): string[] {
  return readdirSync('/sys/block').flatMap((name) => {
    try {
      const file = readFileSync(`/sys/block/${name}/loop/backing_file`, 'utf8');
      return file.startsWith(`${directory}/`) ? [`/dev/${name}`] : [];
    } catch {
      return []; // There is no such loop device, or it is free.
    }
  });
}

test('a run that is killed when it has just attached a volume leaves no loop device', async () => {
  const run = spawn(process.execPath, ['--require', 'ts-node/register', join(__dirname, 'volume-child.ts')], {
    env: { ...process.env, TMPDIR: directory },
    stdio: 'inherit',
  });
  const ended = once(run, 'exit');
  await until(() => attached().length > 0, { what: 'a file is attached', interval: 0 });
  run.kill('SIGKILL');
  expect(await ended).toEqual([null, 'SIGKILL']);
  await until(() => attached().length === 0, { what: 'the device lets go of its file', deadline: 20_000 });
});
