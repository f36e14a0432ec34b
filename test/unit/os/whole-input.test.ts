import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { wholeOf } from '../../../src/os/whole-input';

beforeEach(() => void jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] }));
afterEach(() => void jest.useRealTimers());

test('an input that has started is read completely, however long the rest takes', async () => {
  const input = new PassThrough();
  const whole = wholeOf(input);
  const begun = once(input, 'data');
  input.write('one, ');
  await begun;
  jest.advanceTimersByTime(60_000);
  input.end('two');
  expect((await whole).toString()).toBe('one, two');
});

test('an input that never starts is not waited for', async () => {
  const whole = wholeOf(new PassThrough());
  jest.advanceTimersByTime(60_000);
  expect((await whole).toString()).toBe('');
});
