import { affectedOf, withKnownBuilds } from '../../../src/block-state/model/affected';
import { versionAtStart } from '../../../src/block-state/model/log-signatures';
import type { BlockState } from '../../../src/core/finding';

const silent = { reportsActive: false, version: undefined };

test.each<[string | undefined, string]>([
  ['2.12.0', 'unknown'],
  ['5.2.0Debian 1:5.2+dfsg-11+deb11u5', 'unknown'],
  ['5.2.91', 'unknown'],
  ['6.0.0', 'unknown'],
  ['6.2.0Debian 1:6.2+dfsg-2ubuntu6.31', 'unknown'],
  ['7.2.0', 'unknown'],
  ['7.2.2Debian 1:7.2+dfsg-7', 'unknown'],
  ['7.2.3', 'no'],
  ['7.2.22Debian 1:7.2+dfsg-7+deb12u18', 'no'],
  ['7.2.91', 'unknown'],
  ['8.0.0', 'unknown'],
  ['8.0.1', 'no'],
  ['8.0.90', 'unknown'],
  ['8.1.0', 'no'],
  ['8.2.50', 'no'],
  ['10.0.13', 'no'],
  ['11.1.2', 'no'],
  ['7', 'unknown'],
  ['7.2', 'unknown'],
  ['a version', 'unknown'],
  [undefined, 'unknown'],
])('a healthy QEMU %s: affected: %s', (version, affected) => {
  expect(affectedOf('healthy', { ...silent, version })).toBe(affected);
});

test('what a QEMU does outweighs its version', () => {
  const states: readonly BlockState[] = ['stuck', 'half-inactive', 'not-resumed', 'unknown'];
  expect(states.map((state) => affectedOf(state, silent))).toEqual(['yes', 'yes', 'unknown', 'unknown']);
  expect(affectedOf('stuck', { ...silent, version: '9.0.0' })).toBe('yes');
  expect(affectedOf('healthy', { ...silent, reportsActive: true })).toBe('no');
});

test('what one VM shows counts for all of its build, and “yes” for more than “no”', () => {
  const domains = [
    { build: 'a', affected: 'unknown' },
    { build: 'a', affected: 'no' },
    { build: 'b', affected: 'yes' },
    { build: 'b', affected: 'no' },
    { build: 'b' },
    { build: 'c' },
    { affected: 'yes' },
    {},
  ] as const;
  const answers = withKnownBuilds(domains).map(({ affected }) => affected);
  expect(answers).toEqual(['no', 'no', 'yes', 'yes', 'yes', 'unknown', 'yes', 'unknown']);
});

test.each([
  [
    'libvirt version: 9.0.0, package: 9.0.0-4, qemu version: 7.2.22Debian 1:7.2+dfsg-7, kernel: 6.1',
    '7.2.22Debian',
  ],
  ['libvirt version: 9.0.0', undefined],
])('the first line of a log names the version: %s', (line, version) => {
  const log = `2024-02-20 09:00:00.000+0000: starting up ${line}\n`;
  expect(versionAtStart(log, () => true)).toBe(version);
});

test('a line that QEMU itself wrote, after its start, does not count', () => {
  const line = (time: string, version: string): string =>
    `2024-02-20 09:0${time}.000+0000: starting up libvirt version: 9.0.0, qemu version: ${version}, kernel: 6.1\n`;
  const log = line('0:00', '6.2.0') + line('5:00', '7.2.0') + line('5:10', '9.0.0');
  const isItsStart = (at: Date): boolean => Math.abs(at.getTime() - Date.UTC(2024, 1, 20, 9, 5, 2)) < 60_000;
  expect(versionAtStart(log, isItsStart)).toBe('7.2.0');
  expect(versionAtStart(log, () => false)).toBeUndefined();
});
