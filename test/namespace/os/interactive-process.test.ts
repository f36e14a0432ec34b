import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../../../src/os/run-command';

/** A separate pid namespace, so that a process can get the pid of another one that has ended. */

const root = join(__dirname, '../../..');
const deadline = 60_000;
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'conversation-'));
  const words = [
    'src/os/interactive-process.ts',
    '--bundle',
    '--platform=node',
    `--outfile=${directory}/it.cjs`,
  ];
  const built = await runCommand([join(root, 'node_modules/.bin/esbuild'), ...words], {
    deadline,
    cwd: root,
  });
  expect(built.exit).toBe(0);
});
afterAll(() => rmSync(directory, { recursive: true }));

/**
 * A process in a separate session stays behind and holds stderr, as with ssh's ControlPersist. The shell goes on only when
 * it has that session (its stdout closes): a process that is still of the shell's group would be killed with it, and as a
 * zombie that nobody waits for it would keep the pid in use.
 */
const program = `
  const { once } = require('node:events');
  const { spawn } = require('node:child_process');
  const { writeFileSync } = require('node:fs');
  const { InteractiveProcess } = require(process.argv[1]);
  const say = (output) => /^(\\d+)\\n/.exec(output)?.[1];
  const untilExit = async (pid) => {
    const isThere = () => { try { process.kill(pid, 0); return true; } catch { return false; } };
    while (isThere()) await new Promise(setImmediate);
  };
  void (async () => {
    const talk = new InteractiveProcess(['sh', '-c', ': $(setsid sh -c "exec sleep 600 >&2" &); read word; echo $$; exit 1']);
    const number = Number(await talk.ask('\\n', say, 10000));
    await untilExit(number);
    let other;
    do {
      other?.kill('SIGKILL');
      writeFileSync('/proc/sys/kernel/ns_last_pid', String(number - 1));
      other = spawn('sh', ['-c', 'echo begun; exec sleep 600'], { detached: true });
      await once(other.stdout, 'data');
    } while (other.pid !== number);
    talk.end();
    process.kill(number, 'SIGTERM');
    console.log((await once(other, 'exit'))[1]);
    process.exit(0);
  })();`;

test('a conversation that has ended does not kill another process with its pid', async () => {
  const alone = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'] as const;
  const { stdout, stderr } = await runCommand(
    [...alone, process.execPath, '-e', program, join(directory, 'it.cjs')],
    { deadline },
  );
  expect([stdout, stderr]).toEqual(['SIGTERM\n', '']);
});
