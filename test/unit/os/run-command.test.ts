import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../../../src/os/run-command';
import { until } from '../../lab/harness/until';

const deadline = 60_000;
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'command-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** A zombie, whose files are closed, does not count as running. */
function isRunning(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

test('the output and the exit status of a command', async () => {
  const argv = ['sh', '-c', 'cat; echo "$LC_ALL $SAID" >&2; exit 3'] as const;
  const result = await runCommand(argv, { deadline, input: 'in\n\n', env: { SAID: 'so' } });
  expect(result).toEqual({
    argv,
    exit: 3,
    stdout: 'in\n\n',
    stderr: 'C so\n',
    timedOut: false,
    missing: false,
  });
});

test('if our directory is gone it runs in the root directory', async () => {
  const before = process.cwd();
  const gone = mkdtempSync(join(tmpdir(), 'gone-'));
  process.chdir(gone);
  rmSync(gone, { recursive: true });
  try {
    expect(await runCommand(['pwd'], { deadline })).toMatchObject({ exit: 0, stdout: '/\n' });
  } finally {
    process.chdir(before);
  }
});

test('without input it reads nothing of our input', async () => {
  expect(await runCommand(['cat'], { deadline })).toMatchObject({ exit: 0, stdout: '' });
});

test('a program that does not exist is missing, and one that a signal ended has no exit status', async () => {
  const nothing = { exit: null, timedOut: false };
  expect(await runCommand(['/no/such/program'], { deadline })).toMatchObject({ ...nothing, missing: true });
  expect(await runCommand(['sh', '-c', 'kill -9 $$'], { deadline })).toMatchObject({
    ...nothing,
    missing: false,
  });
});

test.each([
  ['', 'sleep 600 & echo $! >&3; wait'],
  [', though it ignores SIGTERM', 'trap "" TERM; sleep 600 & echo $! >&3; wait'],
  [', though only that ignores SIGTERM', 'sh -c "trap \'\' TERM; exec sleep 600" & echo $! >&3; wait'],
])('a command that takes too long is killed with all processes that it started%s', async (_, script) => {
  const file = join(directory, 'started');
  const inherit = openSync(file, 'w');
  const { exit, timedOut } = await runCommand(['sh', '-c', script], { deadline: 500, inherit });
  closeSync(inherit);
  expect({ exit, timedOut }).toEqual({ exit: null, timedOut: true });
  const started = Number(readFileSync(file, 'utf8'));
  expect(started).toBeGreaterThan(1);
  await until(() => !isRunning(started), { what: 'all of it has ended', deadline: 20_000 });
});

test('it has a separate session: no terminal, and Ctrl-C there does not reach it', async () => {
  const own = await runCommand(['sh', '-c', 'cut -d " " -f 1,5,6 /proc/$$/stat'], { deadline });
  const [pid, group, session] = own.stdout.trim().split(' ');
  expect([group, session]).toEqual([pid, pid]);
});
