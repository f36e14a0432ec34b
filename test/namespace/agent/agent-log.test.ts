import { lstatSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand, type CommandResult } from '../../../src/os/run-command';

/** The agent's log, in a separate program; agent.test.ts shows what other users can do to it. */

const root = join(__dirname, '../../..');
const deadline = 120_000;
let directory: string;
let logs: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'host-log-'));
  logs = join(directory, 'logs');
  const words = ['src/os/log.ts', '--bundle', '--platform=node', `--outfile=${directory}/log.cjs`];
  const built = await runCommand([join(root, 'node_modules/.bin/esbuild'), ...words], {
    deadline,
    cwd: root,
  });
  expect(built.exit).toBe(0);
});
afterAll(() => rmSync(directory, { recursive: true }));
beforeEach(() => rmSync(logs, { recursive: true, force: true }));

/** Runs a program that has `log`, and that logs through it. */
function runProgram(program: string): Promise<CommandResult> {
  const start = `const { log, logToHost } = require('${directory}/log.cjs'); log('before', {});
    logToHost('oneadmin', '${logs}').then(() => { ${program} });`;
  return runCommand([process.execPath, '-e', start], { deadline });
}

function entries(): Record<string, unknown>[] {
  const lines = readFileSync(join(logs, 'host.log'), 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('each line names the requesting user, and the file belongs to root', async () => {
  expect(await runProgram(`log('did', { message: 'a field', exception: true });`)).toMatchObject({
    exit: 0,
    stderr: '',
  });
  expect(entries()).toMatchObject([
    { asker: 'oneadmin', pid: expect.any(Number) as number, exception: true },
  ]);
  expect(lstatSync(join(logs, 'host.log')).mode & 0o777).toBe(0o640);
});

test('kill -9 right after a line loses none', async () => {
  const { exit } = await runProgram(`for (let line = 0; line < 100; line++) log('did', { line });
    process.kill(process.pid, 'SIGKILL');`);
  expect(exit).toBeNull();
  expect(entries().map(({ line }) => line)).toEqual(Array.from({ length: 100 }, (_, line) => line));
});

test('a value that is not JSON, or a log that cannot be written any more, stops nothing', async () => {
  const { exit, stdout, stderr } = await runProgram(`const round = {}; round.round = round;
    log('round', round);
    require('node:fs').rmSync('${logs}', { recursive: true, force: true });
    require('node:fs').writeFileSync('${logs}', '');
    for (let line = 0; line < 100; line++) log('did', { line });
    require('node:fs').rmSync('${logs}');
    log('again', {});
    console.log('goes on');`);
  expect({ exit, stdout, stderr }).toEqual({ exit: 0, stdout: 'goes on\n', stderr: '' });
  expect(entries()).toMatchObject([{ message: 'again' }]);
});
