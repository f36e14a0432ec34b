import { StallDetector } from '../../../src/move/model/stall-detector';

/** As `virsh domjobinfo` prints it. */
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

test('a copy stands still when nothing but the time goes on, for as long as patience lasts', () => {
  const clock = new StallDetector(3000);
  const seen = [0, 1000, 2000, 3000, 4000].map((now) => clock.standsStill(jobInfo({ elapsed: now }), now));
  expect(seen).toEqual([false, false, false, true, true]);
});

test('any figure that changes is progress, also one that rounding hides elsewhere', () => {
  const clock = new StallDetector(2000);
  const seen = [0, 1000, 2000, 3000].map((now) => clock.standsStill(jobInfo({ pages: 330 + now }), now));
  expect(seen).toEqual([false, false, false, false]);
});

test('patience begins anew after progress', () => {
  const clock = new StallDetector(2000);
  clock.standsStill(jobInfo(), 0);
  clock.standsStill(jobInfo({ pages: 331 }), 1900);
  expect(clock.standsStill(jobInfo({ pages: 331 }), 3800)).toBe(false);
  expect(clock.standsStill(jobInfo({ pages: 331 }), 3900)).toBe(true);
});

test.each([
  [
    'nothing is left: libvirt writes back what was saved, or starts the guest over there',
    jobInfo({ remaining: '0.000 B' }),
  ],
  ['there is nothing yet: the destination is being prepared', 'Job type: Unbounded\nTime elapsed: 147 ms\n'],
  ['there is no job', 'Job type:         None\n'],
  ['libvirt refuses to tell', ''],
])('no copy stands still when %s', (_, text) => {
  const clock = new StallDetector(1000);
  clock.standsStill(text, 0);
  expect(clock.standsStill(text, 5000)).toBe(false);
});
