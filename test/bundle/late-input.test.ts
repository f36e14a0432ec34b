import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { ifMade } from '../support/if-made';
import { until } from '../lab/harness/until';
import { buildAlone, type Built } from './build-once';

let built: Built;

beforeAll(async () => {
  built = await buildAlone();
});
afterAll(() => ifMade(built, (made) => made.remove()));

/** Whether a process waits for its standard input: one of its epoll sets contains descriptor 0 (proc(5), fdinfo). */
function waitsForInput(pid: number): boolean {
  const directory = `/proc/${pid}/fdinfo`;
  return readdirSync(directory).some((name) => {
    try {
      return /^tfd: +0 /m.test(readFileSync(`${directory}/${name}`, 'latin1'));
    } catch {
      // The descriptor was closed meanwhile.
      return false;
    }
  });
}

test('a command waits for an input that comes late', async () => {
  const plugin = spawn(process.execPath, [join(built.directory, 'plugin.cjs'), 'pre-migrate'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ended = once(plugin, 'close');
  const said = Promise.all([text(plugin.stdout), text(plugin.stderr)]);
  const waits = until(() => plugin.exitCode !== null || waitsForInput(plugin.pid ?? 0), {
    what: 'the plugin waits for its input',
  });
  await Promise.race([ended, waits]);
  plugin.stdin.on('error', () => undefined).end(Buffer.from('<VM').toString('base64'));
  await ended;
  const [stdout, stderr] = await said;
  expect(stdout + stderr).toMatch(/event cannot be read/);
  expect(stdout + stderr).not.toContain('empty');
});
