import { startProgram } from '../../../src/move/io/mover-process';

/** More than a string can hold (V8's limit is a little less than 512 MiB). */
const flood = 'head -c 540000000 /dev/zero';

test('a mover’s output is kept unchanged', async () => {
  const { ended } = startProgram({ command: ['sh', '-c', 'cat; echo no >&2; exit 3'] }, 'in\n');
  expect(await ended).toEqual({ exit: 3, stdout: 'in\n', stderr: 'no\n' });
});

test('a mover that prints without end: both ends are kept, and its status', async () => {
  const script = `echo first; ${flood} | tr '\\0' x; echo; echo last; echo why >&2; exit 3`;
  const { exit, stdout, stderr } = await startProgram({ command: ['sh', '-c', script] }).ended;
  expect(exit).toBe(3);
  expect(stdout).toMatch(/^first\nx+\n\[\d+ characters left out\]\nx+\nlast\n$/);
  expect(stderr).toBe('why\n');
  expect(stdout.length).toBeLessThan(4 * 1024 * 1024);
});

test('one that cannot be started', async () => {
  const { exit, stderr } = await startProgram({ command: ['/no/such/program'] }).ended;
  expect([exit, stderr]).toEqual([127, 'spawn /no/such/program ENOENT\n']);
});
