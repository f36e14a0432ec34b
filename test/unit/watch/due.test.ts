import { Due } from '../../../src/watch/model/due';
import { Round } from '../../../src/watch/model/round';
import { Schedule } from '../../../src/watch/model/schedule';

test('domains are looked at 250 ms after the last change', () => {
  const due = new Due();
  expect(due.at()).toBeUndefined();
  due.add(['one-1'], 10_000);
  due.add(['one-2', 'one-1'], 10_200);
  expect(due.at()).toBe(10_450);
  expect(due.take(10_449)).toEqual([]);
  expect(due.take(10_450)).toEqual(['one-1', 'one-2']);
  expect(due.at()).toBeUndefined();
});

test('an update without a pause is waited for 1 s from its first change', () => {
  const due = new Due();
  for (let now = 10_000; now <= 10_900; now += 100) due.add(['one-1'], now);
  expect(due.at()).toBe(11_000);
});

test('there is at most one look in a second', () => {
  const due = new Due();
  due.add(['one-1'], 10_000);
  due.take(10_250);
  due.add(['one-1'], 10_300);
  expect(due.at()).toBe(11_250);
});

test('a change that concerns no domain makes nothing due', () => {
  const due = new Due();
  due.add([], 10_000);
  expect(due.at()).toBeUndefined();
});

test('a domain that is scheduled twice keeps its first time', () => {
  const schedule = new Schedule();
  expect(schedule.at()).toBeUndefined();
  schedule.add('one-1', 5000);
  schedule.add('one-1', 9000);
  schedule.add('one-2', 7000);
  expect(schedule.at()).toBe(5000);
  expect(schedule.take(6000)).toEqual(['one-1']);
  expect(schedule.at()).toBe(7000);
  expect(schedule.take(7000)).toEqual(['one-2']);
});

test('a round is spread over its time, a hundred domains at once, and then begins with those that run by then', () => {
  const names = Array.from({ length: 250 }, (_, index) => `one-${index}`);
  const round = new Round();
  const next = (): [number, number] => {
    const { names: some, pauseMs } = round.next(() => names, 600_000);
    return [some.length, pauseMs];
  };
  expect([next(), next(), next()]).toEqual([
    [100, 200_000],
    [100, 200_000],
    [50, 200_000],
  ]);
  names.length = 3;
  expect(next()).toEqual([3, 600_000]);
  names.length = 0;
  expect(next()).toEqual([0, 600_000]);
});
