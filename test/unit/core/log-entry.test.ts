import { logEntry } from '../../../src/core/log-entry';
import fc from '../../support/seeded-fast-check';

const heading = { time: '2024-03-05T10:00:00.000Z', asker: 'oneadmin', pid: 7, message: 'asked' };

test('a short value is unchanged', () => {
  const fields = { request: { action: 'repair', domain: 'one-1', dryRun: false }, words: ['/dev/a', 'b'] };
  expect(JSON.parse(logEntry(heading, fields))).toEqual({ ...heading, ...fields });
});

test('a long text and a long list are cut, and their length is given', () => {
  const list = Array.from({ length: 201 }, (_, index) => index);
  const entry = JSON.parse(logEntry(heading, { text: 'x'.repeat(5000), list })) as Record<string, string>;
  expect(entry['text']).toMatch(/^x{4096}… \(5000 characters\)$/);
  expect(entry['list']?.slice(198)).toEqual([198, 199, '… (201 members)']);
});

test('whatever the values are, an entry is one bounded line of JSON without control characters', () => {
  fc.assert(
    fc.property(
      fc.object({ maxDepth: 3, withBigInt: false }),
      fc.string({ unit: 'binary' }),
      (object, text) => {
        const fields = { object, text: text.repeat(2000), many: Array(3000).fill(text.repeat(100)) };
        const line = logEntry(heading, fields);
        expect(line.length).toBeLessThanOrEqual(64 * 1024);
        // eslint-disable-next-line no-control-regex -- the test is about control characters
        expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
        expect(JSON.parse(line)).toMatchObject(heading);
      },
    ),
    { numRuns: 30 },
  );
});
