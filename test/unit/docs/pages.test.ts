import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { OrderCell } from '../../releases/results';

const { configurationPage } = jest.requireActual<{ readonly configurationPage: (text: string) => string }>(
  '../../../setup/build/configuration-page.cjs',
);

interface Platforms {
  readonly platformsPage: () => string;
  readonly cellOf: (cell: Partial<OrderCell>) => string;
}

const { platformsPage, cellOf } = jest.requireActual<Platforms>('../../../setup/build/platforms-page.cjs');

const root = join(__dirname, '../../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const pages = execFileSync('git', ['ls-files', '*.md'], { cwd: root, encoding: 'utf8' }).trim().split('\n');
const longestLine = 120;

test('README is one page', () => {
  expect(read('README.md').split('\n').length).toBeLessThanOrEqual(150);
});

test('docs/configuration.md is the output of `npm run docs`', () => {
  expect(read('docs/configuration.md')).toBe(configurationPage(read('config/config.yaml')));
});

test('docs/platforms.md is made of the results of the releases', () => {
  expect(read('docs/platforms.md')).toBe(platformsPage());
});

test.each<[string, Partial<OrderCell>]>([
  ['safe: succeeds', { verdict: 'safe', deep: 'safe', really: 'succeeds' }],
  ['repairable (with `--deep`: safe): succeeds', { verdict: 'repairable', deep: 'safe', really: 'succeeds' }],
  ['safe (`--deep` not shown): succeeds', { verdict: 'safe', really: 'succeeds' }],
  [
    'blocked: fails, not repairable',
    { verdict: 'blocked', deep: 'blocked', really: 'fails', repaired: 'not repairable' },
  ],
])('a cell of docs/platforms.md: %s', (text, cell) => {
  expect(cellOf(cell)).toBe(text);
});

test.each(pages)('%s: no line of prose is too long', (page) => {
  // Code blocks and literals within a line cannot be wrapped.
  const prose = read(page)
    .replace(/^ *```[^]*?^ *```$/gm, '')
    .replace(/`[^`\n]*`/g, 'literal');
  const isTableOrCode = (line: string): boolean => /^\s*\||^ {4}/.test(line);
  const long = prose.split('\n').filter((line) => line.length > longestLine);
  expect(long.filter((line) => !isTableOrCode(line))).toEqual([]);
});

test.each(pages)('%s: its links lead to existing pages, and to headings in them', (page) => {
  const links = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  const broken = links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? page : join(dirname(page), path);
    if (!existsSync(join(root, target))) return true;
    return anchor !== undefined && !headingsOf(target).includes(anchor);
  });
  expect(broken).toEqual([]);
});

/** The anchors that GitHub makes from headings. */
function headingsOf(page: string): string[] {
  return [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
