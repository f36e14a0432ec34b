import { diskWritable } from '../../../../src/disk-paths/checks/disk-writable';
import type { SourceFacts } from '../../../../src/disk-paths/model/facts';
import type { OpenFile } from '../../../../src/file-tree/model/entry';
import { aDevice, domainFacts, sourceFacts } from '../../../support/factories';

const unknown = { unknown: 'not read' };

function found(
  readOnlyDevice: SourceFacts['readOnlyDevice'],
  writable: OpenFile['writable'],
  { readonly = false, device = '252:3' } = {},
): unknown[] {
  const source = {
    ...sourceFacts({ source: { readonly } }),
    ...(readOnlyDevice !== undefined && { readOnlyDevice }),
  };
  const held = { ...aDevice(device), ...(writable !== undefined && { writable }) };
  return diskWritable
    .inspect(domainFacts({ sources: [source], open: [held] }))
    .map(({ state, note, what }) => [state, note, what]);
}

const readOnly = expect.stringMatching(/^block device 252:3 is read-only on this host/) as unknown;

test.each([
  ['held for writing', true],
  ['held nobody knows how', unknown],
  ['whose mode was not read', undefined],
])('a read-only device, %s, is a problem', (_, writable) => {
  expect(found(true, writable)).toEqual([['problem', undefined, readOnly]]);
});

test('a device held read-only since the start is a note, whatever the device is now', () => {
  const note = ['ok', true, 'QEMU holds this disk read-only, although the VM may write to it'];
  for (const device of [true, false, undefined, unknown]) expect(found(device, false)).toEqual([note]);
});

test('a writable device needs no finding', () => {
  for (const writable of [true, undefined, unknown]) expect(found(false, writable)).toEqual([]);
});

test('what sysfs does not say is unknown', () => {
  expect(found(unknown, true)).toEqual([['unknown', undefined, 'not read']]);
});

test('a disk that the VM may not write to needs no writable device', () => {
  expect(found(true, false, { readonly: true })).toEqual([]);
});

test('a path that leads to another device is the finding of disk-device', () => {
  expect(found(false, false, { device: '252:9' })).toEqual([]);
});
