import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '../../..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

const files = readdirSync(join(root, 'docs/adr')).filter((name) => name !== 'README.md');
const pages = files.map((file) => ({ file, text: read(`docs/adr/${file}`) }));
const headings = ['Status', 'Context', 'Decision', 'Consequences', 'Alternatives rejected'];
const columns = 120;

const linesOf = (text: string): string[] => text.trimEnd().split('\n');

test('decisions are numbered without a gap', () => {
  const expected = files.map((_, index) => String(index + 1).padStart(4, '0'));
  expect(files.length).toBeGreaterThan(10);
  expect(files.map((file) => file.slice(0, 4))).toEqual(expected);
});

describe.each(pages)('$file', ({ file, text }) => {
  test('has a title with its number, and the headings in order', () => {
    expect(text).toMatch(new RegExp(`^# ${file.slice(0, 4)}\\. \\S`));
    expect([...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)).toEqual(headings);
  });

  test('has text under each heading', () => {
    const [, ...sections] = text.split(/^## .*$/m);
    expect(sections.filter((section) => section.trim().length < 20)).toEqual([]);
  });

  test('names its status and a date', () => {
    expect(text).toMatch(/^## Status\n\n(Accepted|Replaced by \[\d{4}\]\(\S+\)), \d{4}-\d{2}-\d{2}\./m);
  });

  test('is one page', () => {
    expect(linesOf(text).length).toBeGreaterThanOrEqual(20);
    expect(linesOf(text).length).toBeLessThanOrEqual(50);
  });

  test('names no source file, because those move', () => {
    expect(text).not.toMatch(/\b(src|test)\//);
  });
});

test('the index lists each decision once, by its title', () => {
  const titles = pages.map(({ file, text }) => `- [${/^# (.*)/.exec(text)?.[1] ?? ''}](${file})`);
  expect(linesOf(read('docs/adr/README.md')).filter((line) => line.startsWith('- ['))).toEqual(titles);
});

test.each(['README.md', ...files])('links of %s lead to files', (file) => {
  const links = [...read(`docs/adr/${file}`).matchAll(/\]\(([^)#]+)\)/g)].map(([, link = '']) => link);
  expect(links.filter((link) => !isThere(join(root, 'docs/adr', link)))).toEqual([]);
});

test('the glossary is one screen, and explains no word twice', () => {
  const lines = linesOf(read('docs/glossary.md'));
  expect(lines.length).toBeLessThanOrEqual(40);
  const words = lines.flatMap((line) => /^\| ([^|]*\S) *\|/.exec(line)?.[1]?.split(', ') ?? []);
  expect(words.length).toBeGreaterThan(25);
  expect(words).toEqual([...new Set(words)]);
});

test('the changelog has the version of package.json, newest first, in known sections', () => {
  const changelog = read('CHANGELOG.md');
  const releases = [...changelog.matchAll(/^## \[(.*?)\](.*)$/gm)];
  const { version } = JSON.parse(read('package.json')) as { version: string };
  expect(releases.map(([, name]) => name).slice(0, 2)).toEqual(['Unreleased', version]);
  const dates = releases.slice(1).map(([, , date = '']) => date.replace(' - ', ''));
  expect(dates.filter((date) => !/^\d{4}-\d{2}-\d{2}$/.test(date))).toEqual([]);
  expect(dates).toEqual([...dates].sort().reverse());
  const sections = [...changelog.matchAll(/^### (.*)$/gm)].map(([, name]) => name);
  const known = ['Security', 'Added', 'Changed', 'Deprecated', 'Removed', 'Fixed'];
  expect(sections.filter((name = '') => !known.includes(name))).toEqual([]);
});

test.each([...['README.md', ...files].map((file) => `docs/adr/${file}`), 'docs/glossary.md', 'CHANGELOG.md'])(
  'no line of %s is wider than a screen',
  (file) => {
    expect(linesOf(read(file)).filter((line) => line.length > columns)).toEqual([]);
  },
);

function isThere(file: string): boolean {
  try {
    readFileSync(file);
    return true;
  } catch {
    return false;
  }
}
