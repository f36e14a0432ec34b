import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '../../..');
const pages = ['architecture', 'building'].map((name) => readFileSync(join(root, `docs/${name}.md`), 'utf8'));
const [architecture = ''] = pages;

/** The first cell of a row of the table of folders. */
const folders = [...architecture.matchAll(/^\| `([a-z/-]+)\/` +\|/gm)].map(([, folder = '']) => folder);

test('every folder of sources has a row', () => {
  const sources = readdirSync(join(root, 'src')).map((name) => `src/${name}`);
  expect(folders).toEqual(expect.arrayContaining(sources));
});

test.each(folders)('%s/ exists', (folder) => expect(existsSync(join(root, folder))).toBe(true));

const named = pages.flatMap((page) =>
  [...page.matchAll(/`([\w-]+(?:\/[\w.-]+)+)`/g)].map(([, path = '']) => path),
);

test('names files', () => expect(named.length).toBeGreaterThan(50));

const isBuilt = (path: string): boolean => path.startsWith('dist/');

test.each([...new Set(named)].filter((path) => !isBuilt(path)))('%s is there', (path) => {
  const places = [path, `src/${path}`, `test/${path}.test.ts`];
  expect(places.filter((place) => existsSync(join(root, place)))).not.toEqual([]);
});

/** In a fresh clone nothing is built when these tests run. */
test.each([...new Set(named)].filter(isBuilt))('%s is built', (path) => {
  const name = path.slice('dist/'.length);
  const entry = join(root, 'src/main', name.replace(/\.cjs$/, '.ts'));
  const build = readFileSync(join(root, 'setup/build.mjs'), 'utf8');
  expect(existsSync(entry) || build.includes(`'${name}'`)).toBe(true);
});
