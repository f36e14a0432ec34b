import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sections } from '../../../src/messages';
import {
  fillRow,
  maxShortChars,
  shortOf,
  type Message,
  type MessageRow,
} from '../../../src/messages/message';

const root = join(__dirname, '../../..');
const all = sections.flatMap(([, rows]) => Object.entries(rows));
const placeholders = (text: string): readonly string[] =>
  [...text.matchAll(/\{([a-zA-Z]+)\}/g)].map(([, name = '']) => name);
const uuid = '0f6e0c1d-8f4b-4b1c-9d1a-2b5a7c3e9f10';

/** The longest possible values: a host name in the DNS, a path in the kernel, a domain that is named by its UUID. */
const longest: Readonly<Record<string, string>> = {
  disk: 'sdaaa',
  host: `${'k'.repeat(63)}.${'v'.repeat(63)}.example`,
  path: `/${'p'.repeat(4094)}`,
};
/** Placeholders for messages: parts of the sentence that have a short form. */
const parts = ['reason', 'failure', 'missing', 'why'];

function filled(row: MessageRow): Message {
  const names = [row.text, row.short ?? '', row.remedy ?? ''].flatMap(placeholders);
  const valueOf = (name: string): string | Message =>
    parts.includes(name) ? { what: 'x'.repeat(200), short: 'its cause' } : (longest[name] ?? uuid);
  return fillRow(row, Object.fromEntries(names.map((name) => [name, valueOf(name)])));
}

test('an id occurs once', () => {
  const ids = all.map(([id]) => id);
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
});

test('every row is used, and only in src', () => {
  const sources = execFileSync(
    'git',
    ['grep', '-h', '-oE', "'[a-z0-9]+(-[a-z0-9]+)*'", '--', 'src', ':!src/messages'],
    {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  const used = new Set(sources.split('\n').map((word) => word.slice(1, -1)));
  expect(all.map(([id]) => id).filter((id) => !used.has(id))).toEqual([]);
});

test.each(all)('%s is a sentence without its full stop', (_, { text, short = '', remedy = '' }) => {
  for (const sentence of [text, short, remedy]) expect(sentence).not.toMatch(/^\s|\s$|\n|\.$|\s\s/);
});

test.each(all.filter(([, { short }]) => short !== undefined))(
  '%s: its short form is whole with the longest names, and has no UUID',
  (_, row) => {
    const short = shortOf(filled(row));
    expect(short.length).toBeLessThanOrEqual(maxShortChars);
    expect(placeholders(row.short ?? '').filter((name) => ['domain', 'uuid', 'path'].includes(name))).toEqual(
      [],
    );
    expect(short).not.toMatch(/^.{60,}…$/);
    expect(short).not.toContain(uuid);
  },
);

test('a text that is too long is cut, and never inside a character', () => {
  const { what, short = '' } = fillRow({ text: `${'a'.repeat(67)}😀${'b'.repeat(9)}` });
  expect(what).toHaveLength(78);
  expect(short).toBe(`${'a'.repeat(67)}…`);
});

test('a part with a short form is short only in the short form', () => {
  const failure = { what: `/dev/${'x'.repeat(80)} is missing`, short: 'its path is missing' };
  expect(
    fillRow({ text: '{failure} on {host}', remedy: 'look at {host}' }, { failure, host: 'kvm1' }),
  ).toEqual({
    what: `${failure.what} on kvm1`,
    short: 'its path is missing on kvm1',
    remedy: 'look at kvm1',
  });
});

test('docs/messages.md names every id', () => {
  const page = readFileSync(join(root, 'docs/messages.md'), 'utf8');
  expect(all.map(([id]) => id).filter((id) => !page.includes(`\`${id}\``))).toEqual([]);
});
