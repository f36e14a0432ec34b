import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogWatch } from '../../../src/system/log-watch';

let directory: string;
let file: string;
let watch: LogWatch;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'log-watch-'));
  file = join(directory, 'one-310.log');
  writeFileSync(file, 'what was before\n');
  watch = new LogWatch(directory, 'one-310');
});

afterEach(() => {
  watch.close();
  rmSync(directory, { recursive: true });
});

test('what is written from now on', () => {
  expect(watch.read()).toBe('');
  appendFileSync(file, 'one\n');
  appendFileSync(file, 'two\n');
  expect(watch.read()).toBe('one\ntwo\n');
});

test('virtlogd rotates: the old file to its end, then the new', () => {
  appendFileSync(file, 'one\n');
  renameSync(file, `${file}.0`);
  appendFileSync(`${file}.0`, 'two\n');
  writeFileSync(file, 'three\n');
  expect(watch.read()).toBe('one\ntwo\nthree\n');
});

test('logrotate truncates, where virtlogd is switched off: what comes after it is read', () => {
  appendFileSync(file, 'one\n');
  expect(watch.read()).toBe('one\n');
  truncateSync(file);
  appendFileSync(file, 'two\n');
  expect(watch.read()).toBe('one\ntwo\n');
});
