import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogWatcher, type LogNews } from '../../../src/watch/io/log-watcher';
import { ReadPace } from '../../../src/watch/model/read-pace';

const begins = '2024-03-05 10:00:00.000+0000: initiating migration\n';
const fails =
  '2024-03-05T10:00:01.000000Z qemu-system-x86_64: qemu_savevm_state_complete_precopy_non_iterable: bdrv_inactivate_all() failed (-1)\n';

let directory: string;
let news: [string, LogNews][];
let failures: unknown[];
let watcher: LogWatcher;
let told: () => void;

const logOf = (name: string): string => join(directory, `${name}.log`);

/** The next news. */
function next(): Promise<void> {
  return new Promise((resolve) => {
    told = resolve;
  });
}

beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'log-watcher-')), 'qemu');
  mkdirSync(directory);
  writeFileSync(logOf('one-1'), fails);
  news = [];
  failures = [];
  told = () => undefined;
  watcher = new LogWatcher(directory, {
    heard: (...one) => {
      news.push(one);
      told();
    },
    failed: (error) => {
      failures.push(error);
      told();
    },
  });
});
afterEach(() => {
  watcher.end();
  rmSync(join(directory, '..'), { recursive: true });
});

test('only new lines about migrations are news, also after both kinds of rotation', async () => {
  expect(watcher.start()).toBe(true);
  watcher.follow(['one-1']);
  let heard = next();
  appendFileSync(logOf('one-1'), 'another line\n');
  appendFileSync(logOf('one-1'), begins);
  await heard;

  heard = next();
  renameSync(logOf('one-1'), `${logOf('one-1')}.0`);
  writeFileSync(logOf('one-1'), fails);
  await heard;

  heard = next();
  truncateSync(logOf('one-1'));
  appendFileSync(logOf('one-1'), begins);
  await heard;
  const [begun, failed] = [
    { hasBegun: true, hasFailed: false },
    { hasBegun: false, hasFailed: true },
  ];
  expect(news).toEqual([
    ['one-1', begun],
    ['one-1', failed],
    ['one-1', begun],
  ]);
});

test('what cannot be read is reported, and does not end the watcher', async () => {
  rmSync(logOf('one-1'));
  watcher.follow(['one-1']);
  const heard = next();
  mkdirSync(logOf('one-1'));
  expect(watcher.start()).toBe(true);
  await heard;
  expect([news, failures]).toEqual([[], [expect.objectContaining({ code: 'EISDIR' })]]);
});

test('what was written while the directory could not be watched is read when it can', async () => {
  renameSync(directory, `${directory}.away`);
  expect([watcher.start(), watcher.isRunning]).toEqual([false, false]);
  watcher.follow(['one-1']);
  mkdirSync(directory);
  writeFileSync(logOf('one-1'), fails);
  const heard = next();
  expect(watcher.start()).toBe(true);
  await heard;
  expect(news).toEqual([['one-1', { hasBegun: false, hasFailed: true }]]);

  // The kernel does not report the removal of a directory while a file of it is open.
  rmSync(directory, { recursive: true });
  expect([watcher.start(), watcher.isRunning]).toEqual([false, false]);
  mkdirSync(directory);
  expect([watcher.start(), watcher.start(), watcher.isRunning]).toEqual([true, false, true]);
});

test('a log that grows all the time is read four times a second, and at once after a calm', () => {
  const pace = new ReadPace();
  let now = 10_000;
  let reads = 0;
  while (now < 20_000) {
    expect(pace.wait(now)).toBe(0);
    pace.read(now);
    reads += 1;
    now += pace.wait(now);
  }
  expect(reads).toBeLessThan(50);
  expect(pace.wait(now + 250)).toBe(0);
  pace.read(now + 250);
  expect(pace.wait(now + 250)).toBe(5);
});
