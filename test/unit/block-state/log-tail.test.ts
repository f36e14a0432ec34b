import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MoveLog } from '../../../src/move/model/failure-cause';
import { LogTail } from '../../../src/block-state/io/log-tail';

class Heard {
  readonly lines: string[] = [];
  take(line: string): void {
    this.lines.push(line);
  }
}

let directory: string;
let file: string;
let watch: LogTail<Heard>;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'log-watch-'));
  file = join(directory, 'one-310.log');
  writeFileSync(file, 'what was before\n');
  watch = new LogTail(directory, 'one-310', new Heard());
});

afterEach(() => {
  watch.close();
  rmSync(directory, { recursive: true });
});

test('lines that are written from now on', () => {
  expect(watch.look().lines).toEqual([]);
  appendFileSync(file, 'one\n');
  appendFileSync(file, 'two\n');
  expect(watch.look().lines).toEqual(['one', 'two']);
  expect(watch.look().lines).toEqual(['one', 'two']);
});

test('a line that comes in chunks is one line; the last one may lack its line end', () => {
  appendFileSync(file, 'on');
  expect(watch.look().lines).toEqual([]);
  appendFileSync(file, 'e\ntw');
  expect(watch.look().lines).toEqual(['one']);
  appendFileSync(file, 'o');
  expect(watch.last().lines).toEqual(['one', 'two']);
});

test('virtlogd rotates: the old file to its end, then the new', () => {
  appendFileSync(file, 'one\n');
  renameSync(file, `${file}.0`);
  appendFileSync(`${file}.0`, 'two\nthr');
  writeFileSync(file, 'ee\n');
  expect(watch.look().lines).toEqual(['one', 'two', 'three']);
});

test('logrotate truncates, where virtlogd is disabled: the lines after it are read', () => {
  appendFileSync(file, 'one\n');
  expect(watch.look().lines).toEqual(['one']);
  truncateSync(file);
  appendFileSync(file, 'two\n');
  expect(watch.look().lines).toEqual(['one', 'two']);
});

test('each read costs only what is new, however long the log is', () => {
  const standBy = new LogTail(directory, 'one-310', new MoveLog());
  const line = '2024-03-05T10:00:00.000000Z qemu-system-x86_64: a guest that makes its device complain\n';
  for (let megabyte = 0; megabyte < 10; megabyte += 1) appendFileSync(file, line.repeat(12_000));
  standBy.look();
  const before = process.cpuUsage();
  for (let look = 0; look < 100; look += 1) standBy.look();
  const { user, system } = process.cpuUsage(before);
  standBy.close();
  // Microseconds: a tenth of the time that reading the whole log again took.
  expect(user + system).toBeLessThan(500_000);
});

test('an endless line is not kept, and the lines after it are read', () => {
  appendFileSync(file, `${'x'.repeat(1024 * 1024)} bdrv_inactivate_all() failed\n`);
  appendFileSync(file, 'one\n');
  expect(watch.look().lines).toEqual(['one']);
});
