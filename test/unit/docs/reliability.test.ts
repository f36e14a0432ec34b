import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '../../..');
const page = readFileSync(join(root, 'docs/reliability.md'), 'utf8');

/** The last cell of a row: `file`: the beginning of a test's name. */
const shownBy = [...page.matchAll(/\| `(test\/[^`]+)`: (.*?) +\|$/gm)].map(([, file = '', name = '']) => ({
  file,
  name,
}));

test('names tests', () => expect(shownBy.length).toBeGreaterThan(15));

test.each(shownBy)('$file has this test: $name', ({ file, name }) => {
  expect(readFileSync(join(root, file), 'utf8')).toContain(`'${name}`);
});

test('no deadline uses a clock that can be set', () => {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' });
  const guilty = sources
    .filter((file) => file.endsWith('.ts'))
    .filter((file) => readFileSync(join(root, 'src', file), 'utf8').includes('Date.now'));
  expect(guilty).toEqual([]);
});
