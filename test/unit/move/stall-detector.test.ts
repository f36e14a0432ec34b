import { StallDetector } from '../../../src/move/model/stall-detector';

/** The output of `virsh domjobinfo`. */
function jobInfo({
  elapsed = 0,
  processed = '1.326 MiB',
  remaining = '47.352 MiB',
  pages = 330,
} = {}): string {
  return `Job type:         Unbounded
Operation:        Outgoing migration
Time elapsed:     ${elapsed}         ms
Data processed:   ${processed}
Data remaining:   ${remaining}
Data total:       64.508 MiB
Normal pages:     ${pages}
`;
}

test('a copy is stalled when only the elapsed time has changed until the timeout', () => {
  const detector = new StallDetector(3000);
  const seen = [0, 1000, 2000, 3000, 4000].map((now) => detector.isStalled(jobInfo({ elapsed: now }), now));
  expect(seen).toEqual([false, false, false, true, true]);
});

test('any number that changes is progress, also one that rounding hides in another', () => {
  const detector = new StallDetector(2000);
  const seen = [0, 1000, 2000, 3000].map((now) => detector.isStalled(jobInfo({ pages: 330 + now }), now));
  expect(seen).toEqual([false, false, false, false]);
});

test('the timeout starts again after progress', () => {
  const detector = new StallDetector(2000);
  detector.isStalled(jobInfo(), 0);
  detector.isStalled(jobInfo({ pages: 331 }), 1900);
  expect(detector.isStalled(jobInfo({ pages: 331 }), 3800)).toBe(false);
  expect(detector.isStalled(jobInfo({ pages: 331 }), 3900)).toBe(true);
});

test.each([
  [
    'nothing is left: libvirt writes back what was saved, or starts the guest on the destination',
    jobInfo({ remaining: '0.000 B' }),
  ],
  ['there is nothing yet: the destination is being prepared', 'Job type: Unbounded\nTime elapsed: 147 ms\n'],
  ['there is no job', 'Job type:         None\n'],
  ['libvirt does not answer', ''],
])('no copy is stalled when %s', (_, text) => {
  const detector = new StallDetector(1000);
  detector.isStalled(text, 0);
  expect(detector.isStalled(text, 5000)).toBe(false);
});
