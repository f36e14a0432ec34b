import { runCommand } from '../../src/os/run-command';
import { ifMade } from '../support/if-made';
import { buildAlone, type Built } from './build-once';

let built: Built;

beforeAll(async () => {
  built = await buildAlone();
});

afterAll(() => ifMade(built, (made) => made.remove()));

test('a full disk behind stderr changes nothing', async () => {
  const line = ['sh', '-c', 'exec "$0" --nonsense 2>/dev/full', built.file] as const;
  expect(await runCommand(line, { deadline: 120_000 })).toMatchObject({ exit: 64 });
});

test.each([['--help'], ['--version'], ['completion bash']])(
  'an output that cannot be written to a full disk is an error of one line: %s',
  async (words) => {
    const line = ['sh', '-c', `exec "$0" ${words} >/dev/full`, built.file] as const;
    expect(await runCommand(line, { deadline: 120_000 })).toMatchObject({
      exit: 2,
      stderr:
        'migrate-guard: the output cannot be written: ENOSPC\n' +
        '  -> see where the standard output goes: its disk may be full\n',
    });
  },
);

test('an error with --json is printed on stderr, too, if stdout is full', async () => {
  const line = [
    'sh',
    '-c',
    'exec "$0" check 310 --json --config /dev/null/none >/dev/full',
    built.file,
  ] as const;
  const { exit, stderr } = await runCommand(line, { deadline: 120_000 });
  expect([exit, stderr.split('\n')]).toEqual([
    64,
    [
      'migrate-guard: the configuration /dev/null/none cannot be read: ENOTDIR',
      '  -> name another with --config',
      '',
    ],
  ]);
});

test('a closed pipe behind stdout is not an error', async () => {
  const argv = ['sh', '-c', '"$0" --help | head -c 1; echo " $?"', built.file] as const;
  const { stdout, stderr } = await runCommand([...argv], { deadline: 120_000 });
  expect({ stdout, stderr }).toEqual({ stdout: 'U 0\n', stderr: '' });
});
