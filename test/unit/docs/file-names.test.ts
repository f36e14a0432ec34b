import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

const root = join(__dirname, '../../..');
const filesBelow = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|mjs|cjs|sh|pl)$/.test(file))
    .map((file) => join(folder, file));

/** These files have the name of their workflow or subject; a test has the name of the file that it tests. */
const named = /^(src\/commands|src\/messages|bench)\/|\.test\.ts$|\/index\.ts$/;

test('a file is found by its name: no other file has it', () => {
  const files = ['src', 'test', 'setup', 'demo', 'bench']
    .flatMap(filesBelow)
    .filter((file) => !named.test(file));
  expect(files.length).toBeGreaterThan(300);
  const byName = new Map<string, string[]>();
  for (const file of files) byName.set(basename(file), [...(byName.get(basename(file)) ?? []), file]);
  expect([...byName.values()].filter((same) => same.length > 1)).toEqual([]);
});
