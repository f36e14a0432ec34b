import { checks } from '../../../../src/disk-paths/checks';

test('the order of the checks is that of the report', () => {
  expect(checks.map(({ name }) => name)).toEqual([
    'disk-path',
    'disk-link',
    'disk-device',
    'disk-access',
    'disk-open',
    'disk-writable',
    'disk-name',
    'disk-top',
    'disk-size',
    'destination',
    'domain-persistent',
  ]);
});
