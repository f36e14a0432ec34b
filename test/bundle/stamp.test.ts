import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { succeed } from '../lab/harness/succeed';

const root = join(__dirname, '../..');
let clone: string;

const node = (script: string, env: Record<string, string> = {}): ReturnType<typeof succeed> =>
  succeed([process.execPath, join(clone, script)], { deadline: 120_000, env });

beforeAll(async () => {
  clone = mkdtempSync(join(tmpdir(), 'migrate-guard-clone-'));
  for (const name of ['setup', 'src', 'package.json', 'package-lock.json', 'tsconfig.json', 'LICENSE'])
    cpSync(join(root, name), join(clone, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(clone, 'node_modules'));
  await node('setup/build.mjs');
});
afterAll(() => rmSync(clone, { recursive: true }));

const upToDate = async (env?: Record<string, string>): Promise<string> =>
  (await node('setup/build/stamp.mjs', env)).stdout;

test('a finished build is up to date', async () => {
  expect((await upToDate()).split('\n')).toEqual(expect.arrayContaining(['migrate-guard.cjs', 'plugin.cjs']));
});

test.each(['src/core/errors.ts', 'setup/build/settings.mjs', 'package-lock.json', 'dist/plugin.cjs'])(
  'it is outdated when %s has changed, and up to date again when that is undone',
  async (name) => {
    const file = join(clone, name);
    const before = readFileSync(file);
    appendFileSync(file, '\n');
    expect(await upToDate()).toBe('');
    writeFileSync(file, before);
    expect(await upToDate()).not.toBe('');
  },
);

test('it is outdated when one of its files is missing', async () => {
  const file = join(clone, 'dist/licenses.txt');
  const before = readFileSync(file);
  rmSync(file);
  expect(await upToDate()).toBe('');
  writeFileSync(file, before);
});

test('it is outdated at another commit', async () => {
  expect(await upToDate({ SOURCE_DATE_EPOCH: '1' })).toBe('');
});
