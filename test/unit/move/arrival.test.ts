import { lastWords, readArrival } from '../../../src/destination/model/arrival';
import { shellWord } from '../../../src/core/shell-word';

/**
 * Everything that `virsh domstate --reason` may print for a QEMU (tools/virsh-domain-monitor.c), and its meaning
 * after a migration.
 */
test.each([
  ['running (migrated)', 'runs'],
  ['running (unpaused)', 'runs'],
  ['running (booted)', 'runs'],
  ['running (post-copy)', 'partial'],
  ['running (post-copy failed)', 'partial'],
  ['paused (user)', 'not-running'],
  ['paused (I/O error)', 'not-running'],
  ['paused (watchdog)', 'not-running'],
  ['paused (crashed)', 'not-running'],
  ['paused (migrating)', 'partial'],
  ['paused (starting up)', 'partial'],
  ['paused (post-copy)', 'partial'],
  ['paused (post-copy failed)', 'partial'],
  ['paused (unknown)', 'partial'],
  ['crashed (panicked)', 'not-running'],
  ['pmsuspended (unknown)', 'not-running'],
  ['in shutdown (user)', 'not-running'],
  ['shut off (migrated)', 'absent'],
  ['shut off (failed)', 'absent'],
])('%s: %s', (reported, kind) => {
  expect(readArrival(`${reported}\n\n`)).toEqual({ kind, reported });
});

test.each([
  ['', ''],
  ['error: one\n', 'error: one'],
  ['one\n  error: two  \n\n', 'error: two'],
])('the last words of %j', (stderr, words) => {
  expect(lastWords({ stderr })).toBe(words);
});

test.each([
  ['/var/lib/one//datastores/0/310/disk.0', '/var/lib/one//datastores/0/310/disk.0'],
  ['a b', "'a b'"],
  ["it's", `'it'\\''s'`],
  ['$(id)', "'$(id)'"],
  ['', "''"],
])('%j as a word of a shell', (word, typed) => {
  expect(shellWord(word)).toBe(typed);
});
