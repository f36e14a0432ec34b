import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sections } from '../../../src/messages';
import {
  fillRow,
  maxShortChars,
  shortOf,
  type Message,
  type MessageRow,
} from '../../../src/messages/message';
import { move } from '../../../src/messages/move';
import { guardReport } from '../../../src/move/move-report';
import { notRetried } from '../../../src/move/recover';

const uuid = '0f6e0c1d-8f4b-4b1c-9d1a-2b5a7c3e9f10';
const host = `${'k'.repeat(63)}.${'v'.repeat(63)}.example`;
const path = `/${'p'.repeat(4094)}`;
const rows: readonly (readonly [string, MessageRow])[] = sections.flatMap(([, table]) =>
  Object.entries(table),
);
const parts = ['reason', 'why', 'failure'];

/** The row with the longest names, in which other messages are `part`. */
function filled(row: MessageRow, part: Message): Message {
  const text = [row.text, row.short ?? '', row.remedy ?? ''].join(' ');
  const names = [...text.matchAll(/\{([a-zA-Z]+)\}/g)].map(([, name = '']) => name);
  const valueOf = (name: string): string | Message => {
    if (parts.includes(name)) return part;
    return name === 'host' ? host : name === 'domain' ? uuid : path;
  };
  return fillRow(row, Object.fromEntries(names.map((name) => [name, valueOf(name)])));
}

/** The rows with which a run may end: all rows that src/move passes to `message()`. */
function endings(): [string, MessageRow][] {
  const directory = join(__dirname, '../../../src/move');
  const files = readdirSync(directory).filter((file) => file.endsWith('.ts'));
  const source = files.map((file) => readFileSync(join(directory, file), 'utf8')).join('\n');
  const calls = [...source.matchAll(/\bmessage\(([^,)]*)/g)].map(([, argument = '']) => argument);
  const ids = new Set(
    calls.flatMap((argument) => [...argument.matchAll(/'([a-z0-9-]+)'/g)].map(([, id]) => id)),
  );
  return Object.entries<MessageRow>(move).filter(([id]) => ids.has(id));
}

const reasons = rows
  .filter(([, { short }]) => short !== undefined)
  .map(([, row]) => filled(row, { what: path, short: 'its cause' }));

test('most rows of moves are endings', () => expect(endings().length).toBeGreaterThan(20));

test.each(endings())('%s: short, without a UUID, the cause first, whatever the reason is', (_, row) => {
  for (const reason of reasons) {
    const short = shortOf(filled(row, reason));
    expect(short.length).toBeLessThanOrEqual(maxShortChars);
    expect(short).not.toContain(uuid);
    expect(short).not.toContain(path.slice(0, 30));
    const start = (row.short ?? row.text).split('{')[0] ?? '';
    expect(short.startsWith(start === '' ? shortOf(reason).slice(0, 45) : start.slice(0, 45))).toBe(true);
  }
});

test('a report has the short form of its ending, and of the refusal that ends it', () => {
  const seen = { domain: uuid, actions: [], blockState: 'healthy' } as const;
  const refusal = {
    what: `vda ${path}: ${path} is missing`,
    short: 'vda: its path is missing',
    remedy: 'wait',
  };
  expect(guardReport(seen, { result: 'mover-failed', ...notRetried(refusal) })).toMatchObject({
    what: `${refusal.what}; the failed move is not retried`,
    short: refusal.short,
    remedy: refusal.remedy,
  });
});
