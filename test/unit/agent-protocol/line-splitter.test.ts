import { Lines, tooLong } from '../../../src/os/model/line-splitter';

const mebibyte = 1024 * 1024;

test('a chunk whose memory is reused for the next one', () => {
  const lines = new Lines(100);
  const memory = Buffer.alloc(8);
  const take = (text: string): unknown[] => lines.take(memory.subarray(0, memory.write(text)));
  expect(take('on')).toEqual([]);
  expect(take('e\ntw')).toEqual(['one']);
  expect(take('o\n')).toEqual(['two']);
});

test('a line that comes byte by byte takes no more memory than one that comes at once', () => {
  const lines = new Lines(4 * mebibyte);
  const before = process.memoryUsage().heapUsed;
  const byte = Buffer.from('x');
  for (let sent = 0; sent < 4 * mebibyte; sent += 1) lines.take(byte);
  // A separate object for each byte took about a hundred times as much.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(100 * mebibyte);
  expect(lines.rest()?.length).toBe(4 * mebibyte);
  expect(lines.take(byte)).toEqual([tooLong]);
});
