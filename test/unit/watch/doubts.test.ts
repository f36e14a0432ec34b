import { Doubts, type Looked } from '../../../src/watch/model/doubts';

const safe: Looked = { verdict: 'safe', blockState: 'healthy', read: { hasJob: false } };
const undecided: Looked = { ...safe, verdict: 'undecided', blockState: 'unknown' };
const arriving: Looked = { ...undecided, read: { hasJob: true } };
const unreadable: Looked = { verdict: 'undecided', blockState: 'unknown' };

/** Whether each of these looks at one domain is reported, and in how many seconds it is looked at again. */
function judge(...looks: readonly (readonly [seconds: number, looked: Looked])[]): unknown[] {
  const doubts = new Doubts();
  return looks.map(([seconds, looked]) => {
    const { isSure, again } = doubts.judge('one-1', seconds * 1000, looked);
    return [isSure, again === undefined ? undefined : again / 1000];
  });
}

test('what is in order is reported; a block state that is not, too, and it is looked at again', () => {
  expect(judge([0, safe])).toEqual([[true, undefined]]);
  expect(judge([0, { ...safe, verdict: 'blocked', blockState: 'stuck' }])).toEqual([[true, 60]]);
});

test('a guest that takes hours to arrive is not reported as undecided, but what is wrong with it is', () => {
  expect(judge([0, arriving], [59, arriving], [61, arriving], [7200, arriving], [7260, safe])).toEqual([
    ...Array.from({ length: 4 }, () => [false, 60]),
    [true, undefined],
  ]);
  const blocked: Looked = { ...arriving, verdict: 'blocked' };
  expect(judge([0, blocked], [59, blocked], [61, blocked])).toEqual([
    [false, 60],
    [false, 60],
    [true, 60],
  ]);
});

test('a domain that cannot be read may just start or end: it is reported after a minute', () => {
  expect(judge([0, unreadable], [60, unreadable])).toEqual([
    [false, 60],
    [true, 60],
  ]);
});

test('undecided without a job of libvirt: reported after 5 s; what was in order in between begins it again', () => {
  const looks = [
    [0, undecided],
    [4, undecided],
    [5, undecided],
    [6, safe],
    [7, undecided],
  ] as const;
  expect(judge(...looks)).toEqual([
    [false, 5],
    [false, 5],
    [true, 60],
    [true, undefined],
    [false, 5],
  ]);
});

test('a repair that failed is reported at once, and tried again; one that another process prevented is not reported', () => {
  const failed: Looked = { ...safe, verdict: 'repairable', repair: 'failed' };
  expect(judge([0, failed], [5, failed])).toEqual([
    [true, 5],
    [true, 60],
  ]);
  expect(judge([0, { ...undecided, repair: 'busy' }])).toEqual([[false, 5]]);
});
