import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fc from '../../support/seeded-fast-check';

interface Order {
  readonly shuffled: (files: readonly string[], seed: number) => string[];
  readonly slowestFirst: (
    files: readonly string[],
    seconds: (file: string) => number | undefined,
  ) => string[];
}

const runner = '../../../setup/test-runner';
const { shuffled, slowestFirst } = jest.requireActual<Order>(`${runner}/order.cjs`);
const durations = jest.requireActual<Record<string, number>>(`${runner}/durations.json`);

test('the slowest file starts first, and one without a duration before the fast ones', () => {
  const seconds: Record<string, number> = { quick: 1, slow: 90, slower: 120 };
  const order = slowestFirst(['quick', 'new', 'slow', 'slower'], (file) => seconds[file]);
  expect(order).toEqual(['slower', 'slow', 'new', 'quick']);
});

test('a random order contains each file once, and its seed repeats it', () => {
  const files = fc.uniqueArray(fc.string(), { maxLength: 50 });
  fc.assert(
    fc.property(files, fc.nat(), (some, seed) => {
      const order = shuffled(some, seed);
      expect([...order].sort()).toEqual([...some].sort());
      expect(shuffled([...some].reverse(), seed)).toEqual(order);
    }),
  );
});

test('other seeds give other orders, and each file may be first', () => {
  const files = ['a', 'b', 'c', 'd'];
  const orders = Array.from({ length: 1000 }, (_, seed) => shuffled(files, seed).join(''));
  expect(new Set(orders).size).toBe(24);
});

test.each(Object.keys(durations))('%s, whose duration is kept, exists', (file) =>
  expect(existsSync(join(__dirname, '../../..', file))).toBe(true),
);
