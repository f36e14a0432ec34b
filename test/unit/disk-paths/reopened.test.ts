import type { BlockNode } from '../../../src/hypervisor/model/block-nodes';
import type { OpenFile } from '../../../src/file-tree/model/entry';
import type { DomainFacts, SourceFacts } from '../../../src/disk-paths/model/facts';
import { isReopened } from '../../../src/disk-paths/model/reopened';
import fc from '../../support/seeded-fast-check';
import {
  aDevice,
  aFile,
  missing,
  sourceFacts,
  storpoolView,
  viewOf,
  type SourceViews,
} from '../../support/factories';

const node: BlockNode = {
  name: 'libvirt-1-storage',
  driver: 'host_device',
  path: '/var/lib/one//datastores/0/310/disk.0',
  readonly: false,
};
const held = (writable: OpenFile['writable'], device = '252:3'): OpenFile =>
  writable === undefined ? aDevice(device) : { ...aDevice(device), writable };
const doubt = { unknown: 'EACCES' };

/** A backing file whose path is missing inside; libvirt's XML does not show whether QEMU writes to it. */
const below: SourceViews = {
  source: { role: 'backing', readonly: true, node: node.name },
  qemuView: storpoolView({ '/dev/storpool-byid/fir.b.f2g': missing }),
};

function ask(source: SourceViews, facts: Partial<Pick<DomainFacts, 'open' | 'nodes'>>): unknown {
  return isReopened(sourceFacts(source), { open: [held(false)], ...facts });
}

test('a disk to which the guest may write is reopened, however it is held', () => {
  expect(ask({}, {})).toBe(true);
  expect(ask({}, { open: doubt })).toBe(true);
});

test.each<[string, DomainFacts['open'], unknown]>([
  ['for writing', [held(true)], true],
  ['only for reading', [held(false)], false],
  ['in an unknown mode', [held(doubt)], doubt],
  [
    'in a mode that was not read',
    [held(undefined)],
    { unknown: 'how QEMU opened it was not read', remedy: 'run again' },
  ],
  ['for reading, as is another disk for writing', [held(true, '252:4'), held(false)], false],
  ['by no QEMU (disk-device reports that)', [held(true, '252:4')], false],
  ['by an unknown process', doubt, doubt],
])('a backing file, held %s', (_, open, expected) => {
  expect(ask(below, { open })).toEqual(expected);
});

test.each<[string, NonNullable<SourceViews['source']>]>([
  ['a disk with <readonly/>, a CD-ROM', { role: 'disk', readonly: true }],
  ['firmware', { role: 'loader', readonly: true, disk: 'loader' }],
])('%s is determined by its descriptor, too', (_, source) => {
  expect(ask({ source }, { open: [held(false)] })).toBe(false);
  expect(ask({ source }, { open: [held(true)] })).toBe(true);
});

test('a regular file is identified by its number', () => {
  const hostView = viewOf({ '/mnt/base': aFile('77') });
  const source = { source: { ...below.source, path: '/mnt/base' }, hostView, qemuView: viewOf({}) };
  expect(ask(source, { open: [{ ...aFile('77'), writable: true }] })).toBe(true);
  expect(
    ask(source, {
      open: [
        { ...aFile('78'), writable: true },
        { ...aFile('77'), writable: false },
      ],
    }),
  ).toBe(false);
});

describe('with the answers of QEMU', () => {
  const written: BlockNode = { ...node, written: true };

  test.each<[string, NonNullable<DomainFacts['nodes']>, boolean]>([
    ['whose format is not read-only, by its name', [{ ...written, path: '/dev/x' }], true],
    ['whose format is not read-only, by its path', [{ ...written, name: 'x' }], true],
    ['whose format is read-only', [node], false],
    ['of another disk', [{ ...written, name: 'x', path: '/dev/x' }, node], false],
    ['that could not be had', doubt, false],
  ])('a node %s', (_, nodes, expected) => {
    expect(ask(below, { nodes })).toBe(expected);
  });

  test('a read-only format does not outweigh a descriptor that is open for writing', () => {
    expect(ask(below, { nodes: [node], open: [held(true)] })).toBe(true);
  });
});

test('one descriptor for writing is enough, and without one a doubt never means no', () => {
  const modes = fc.constantFrom<OpenFile['writable']>(true, false, undefined, doubt);
  const files = fc.array(fc.record({ device: fc.constantFrom('252:3', '252:4'), writable: modes }));
  const source: SourceFacts = sourceFacts(below);
  fc.assert(
    fc.property(files, (open) => {
      const its = open.filter(({ device }) => device === '252:3').map(({ writable }) => writable);
      const answer = isReopened(source, { open: open.map(({ device, writable }) => held(writable, device)) });
      if (its.includes(true)) expect(answer).toBe(true);
      else if (its.every((writable) => writable === false)) expect(answer).toBe(false);
      else expect(answer).toHaveProperty('unknown');
    }),
  );
});
