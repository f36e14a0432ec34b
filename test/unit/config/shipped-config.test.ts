import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { defaultSettings } from '../../../src/config/settings';
import { readSettings } from '../../../src/config/read';
import { inOurNames } from '../../../src/config/schema';

const shipped = join(__dirname, '../../../config/config.yaml');
const lines = readFileSync(shipped, 'utf8').split('\n');

/** A line that sets a value: `# section:` or `#   key: value`, in contrast to sentences of help. */
const setting = /^# (?=(?:[a-z]+:$| {2}[a-z_]+: ))/;
const uncommented = lines
  .filter((line) => setting.test(line))
  .map((line) => line.replace(setting, ''))
  .join('\n');

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'migrate-guard-config-'));
});

afterAll(() => rmSync(directory, { recursive: true }));

test('as shipped it contains only comments, and means the defaults', async () => {
  expect(lines.filter((line) => !/^(#|$)/.test(line))).toEqual([]);
  expect(await readSettings(shipped)).toEqual(defaultSettings);
});

test('it contains every key, in the order of the settings, with its default', () => {
  const values = inOurNames(parse(uncommented) as object);
  expect(values).toEqual(defaultSettings);
  expect(JSON.stringify(values)).toBe(JSON.stringify(defaultSettings));
});

test('with every key uncommented it is read as the defaults', async () => {
  const file = join(directory, 'config.yaml');
  // The help of a section is still a comment.
  writeFileSync(file, lines.map((line) => line.replace(setting, '').replace(/^# {3}#/, '  #')).join('\n'));
  expect(await readSettings(file)).toEqual(defaultSettings);
});

test('every key has a line of help above it', () => {
  const bare = lines.filter(
    (line, index) => /^# {3}[a-z_]+: /.test(line) && !/^# {3}# /.test(lines[index - 1] ?? ''),
  );
  expect(bare).toEqual([]);
});
