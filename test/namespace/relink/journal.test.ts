import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Journal } from '../../../src/relink/io/journal';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'migrate-guard-journal-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('many journals in one millisecond are different files', () => {
  const journals = Array.from({ length: 300 }, () => Journal.create(directory));
  for (const [index, journal] of journals.entries()) {
    journal.write({ state: 'begin', link: `/link/${index}`, from: '/one', to: '/other' });
    journal.close();
  }
  const links = journals.map(({ file }) => (JSON.parse(readFileSync(file, 'utf8')) as { link: string }).link);
  expect(links).toEqual(journals.map((_, index) => `/link/${index}`));
});
