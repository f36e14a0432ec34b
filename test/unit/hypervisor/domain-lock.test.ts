import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { withDomainLock } from '../../../src/hypervisor/domain-lock';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'migrate-guard-lock-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const locks = (): string => join(directory, 'locks');

/** A program that takes the lock, writes `in` and `out` before and after its work, and ends with our exit status. */
function program(work: string): string {
  const file = join(directory, 'holder.cjs');
  const source = `
    import { appendFileSync } from 'node:fs';
    import { withDomainLock } from ${JSON.stringify(join(__dirname, '../../../src/hypervisor/domain-lock.ts'))};
    withDomainLock('one-310', async () => { ${work} }, { directory: ${JSON.stringify(locks())} })
      .catch((error) => { process.exitCode = error.exit ?? 99; });`;
  buildSync({
    stdin: { contents: source, resolveDir: __dirname, loader: 'ts' },
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'cjs',
  });
  return file;
}

test('returns the result of the work, and is free again, also after an error', async () => {
  const value = await withDomainLock('one-310', () => Promise.resolve(7), { directory: locks() });
  expect(value).toBe(7);
  const failing = withDomainLock('one-310', () => Promise.reject(new Error('no')), { directory: locks() });
  await expect(failing).rejects.toThrow('no');
  await withDomainLock('one-310', () => Promise.resolve(), { directory: locks() });
});

test('names the first process to the second, and does not affect another domain', async () => {
  await withDomainLock(
    'one-310',
    async () => {
      await expect(
        withDomainLock('one-310', () => Promise.resolve(), { directory: locks() }),
      ).rejects.toMatchObject({
        code: 'busy',
        exit: 5,
        what: `one-310 is locked by another migrate-guard (process ${process.pid})`,
      });
      await withDomainLock('one-311', () => Promise.resolve(), { directory: locks() });
    },
    { directory: locks() },
  );
});

test('keeps names of domains inside the directory', async () => {
  for (const name of ['..', '../x', '.', 'a/b']) {
    await withDomainLock(name, () => Promise.resolve(), { directory: locks() });
  }
});

test('takes over from a holder that was killed', async () => {
  const holder = spawn(
    process.execPath,
    [program("console.log('in'); await new Promise(() => setInterval(() => {}, 1000));")],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  await once(holder.stdout, 'data');
  await expect(
    withDomainLock('one-310', () => Promise.resolve(), { directory: locks() }),
  ).rejects.toMatchObject({
    what: `one-310 is locked by another migrate-guard (process ${holder.pid ?? 0})`,
  });
  holder.kill('SIGKILL');
  await once(holder, 'close');
  expect(await withDomainLock('one-310', () => Promise.resolve('mine'), { directory: locks() })).toBe('mine');
});

test('with patience, a holder that ends soon does not make it busy', async () => {
  const work = "console.log('in'); await new Promise((resolve) => setTimeout(resolve, 200));";
  const holder = spawn(process.execPath, [program(work)], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(holder.stdout, 'data');
  const impatient = withDomainLock('one-310', () => Promise.resolve(), { directory: locks(), patience: 1 });
  await expect(impatient).rejects.toMatchObject({ exit: 5 });
  const patient = { directory: locks(), patience: 60_000 };
  expect(await withDomainLock('one-310', () => Promise.resolve('mine'), patient)).toBe('mine');
});

test('with patience, other work of the same process waits for its end, too', async () => {
  let end = (): void => undefined;
  const busy = new Promise<void>((resolve) => {
    end = resolve;
  });
  const options = { directory: locks(), patience: 60_000 };
  const [first, second] = [
    withDomainLock('one-310', () => busy, options),
    withDomainLock('one-310', () => Promise.resolve('mine'), options),
  ];
  await expect(
    withDomainLock('one-310', () => Promise.resolve(), { directory: locks() }),
  ).rejects.toMatchObject({ exit: 5 });
  end();
  await first;
  expect(await second).toBe('mine');
});

test('refuses a directory that other users can write', async () => {
  await withDomainLock('one-310', () => Promise.resolve(), { directory: locks() });
  chmodSync(locks(), 0o777);
  await expect(
    withDomainLock('one-310', () => Promise.resolve(), { directory: locks() }),
  ).rejects.toMatchObject({
    exit: 77,
  });
});

test('never has two holders, and always one, when many start together', async () => {
  const journal = join(directory, 'journal');
  writeFileSync(journal, '');
  const file = program(
    `appendFileSync(${JSON.stringify(journal)}, 'in\\n');
     await new Promise((resolve) => setTimeout(resolve, 20));
     appendFileSync(${JSON.stringify(journal)}, 'out\\n');`,
  );
  const crowd = Array.from({ length: 12 }, () => spawn(process.execPath, [file], { stdio: 'inherit' }));
  const statuses = await Promise.all(crowd.map(async (child) => (await once(child, 'close'))[0] as number));
  expect(statuses.every((status) => status === 0 || status === 5)).toBe(true);
  const lines = readFileSync(journal, 'utf8').trim().split('\n');
  expect(lines.length).toBeGreaterThanOrEqual(2);
  expect(lines).toEqual(lines.map((_, index) => (index % 2 === 0 ? 'in' : 'out')));
});
