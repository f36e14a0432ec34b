import { orders } from '../../../src/core/order';
import { report } from '../../../src/disk-paths/check';
import { checks } from '../../../src/disk-paths/checks';
import type { DomainFacts } from '../../../src/disk-paths/model/facts';
import type { DomainReport } from '../../../src/core/finding';
import type { BlockNode } from '../../../src/hypervisor/model/block-nodes';
import { aDevice, aFile, domainFacts, missing, sourceFacts, storpoolView } from '../../support/factories';
import type { SourceViews } from '../../support/factories';

const node = 'libvirt-2-storage';
const qemuView = storpoolView({ '/dev/storpool-byid/fir.b.f2g': missing });
const ofQemu: BlockNode = { name: node, driver: 'host_device', path: '/dev/sp-3', readonly: false };

/** The report for a raw disk whose path is missing inside, for every order. */
function missingInside(
  source: NonNullable<SourceViews['source']>,
  known: Partial<DomainFacts> = {},
  changes: SourceViews = {},
): DomainReport {
  // The format is known of a disk only.
  const all = { ...(source.role === undefined && { format: 'raw' }), node, ...source };
  const open = [{ ...aDevice('252:3'), writable: all.readonly !== true }];
  const sources = [sourceFacts({ qemuView, ...changes, source: all })];
  return report(domainFacts({ sources, open, ...known }), checks, orders);
}
const affectedBy = ({ findings }: DomainReport): unknown =>
  findings.find(({ check }) => check === 'disk-path')?.affects;

const [withOption, without] = [new Map([[node, true]]), new Map([[node, false]])];
const all = ['migrate', 'save', 'storage-move', 'snapshot'];

test.each<[string, NonNullable<SourceViews['source']>, Partial<DomainFacts>, readonly string[]]>([
  ['whose node was started without auto-read-only', {}, { startNodes: without }, []],
  ['whose node was started with it', {}, { startNodes: withOption }, all],
  ['whose command line outweighs the status XML', { isOnlyNode: true }, { startNodes: withOption }, all],
  ['whose node came later, and is the only one', { isOnlyNode: true }, { startNodes: new Map() }, []],
  ['whose node came later, below another', {}, { startNodes: new Map() }, all],
  ['whose only node is known without a command line', { isOnlyNode: true }, {}, []],
  ['above which QEMU has a format', { isOnlyNode: true }, { nodes: [{ ...ofQemu, written: true }] }, all],
  ['of which QEMU says the same', { isOnlyNode: true }, { nodes: [ofQemu] }, []],
  ['of a QEMU that does not answer', { isOnlyNode: true }, { nodes: { unknown: 'it hangs' } }, []],
  ['of a QEMU before 6.0', {}, { nodes: [{ ...ofQemu, isBefore6: true }] }, ['snapshot']],
  ['of a later QEMU', {}, { nodes: [ofQemu] }, all],
])('a raw disk %s', (_, source, known, affected) => {
  expect(affectedBy(missingInside(source, known))).toEqual(affected);
});

test.each([
  ['qcow2', ['migrate', 'snapshot']],
  ['raw', ['snapshot']],
])('a %s image in a file, of a QEMU before 6.0, which keeps its locks', (format, affected) => {
  const hostView = storpoolView({ '/dev/sp-3': aFile('15') });
  const known = {
    nodes: [{ ...ofQemu, isBefore6: true as const }],
    open: [{ ...aFile('15'), writable: true }],
  };
  expect(affectedBy(missingInside({ format }, known, { hostView }))).toEqual(affected);
});

const below = { role: 'backing', readonly: true } as const;

test.each<[string, NonNullable<SourceViews['source']>, Partial<DomainFacts>, readonly string[]]>([
  ['that it holds for writing', below, { open: [{ ...aFile('15'), writable: true }] }, ['migrate']],
  ['of which that is not known', below, { open: { unknown: 'not read' } }, ['commit', 'migrate']],
  ['that it holds read-only', below, { open: [{ ...aFile('15'), writable: false }] }, ['commit']],
  ['of a block node', { role: 'node' }, {}, ['migrate', 'snapshot']],
])('of a QEMU before 6.0, a file %s, whose format is not known', (_, source, known, affected) => {
  const hostView = storpoolView({ '/dev/sp-3': aFile('15') });
  const nodes = [{ ...ofQemu, isBefore6: true as const }];
  expect(affectedBy(missingInside(source, { nodes, ...known }, { hostView }))).toEqual(affected);
});

test('of a QEMU before 6.0, a device below that it holds for writing is not locked', () => {
  const known = {
    nodes: [{ ...ofQemu, isBefore6: true as const }],
    open: [{ ...aDevice('252:3'), writable: true }],
  };
  expect(affectedBy(missingInside(below, known))).toEqual([]);
});

test('a file below without auto-read-only: a commit opens it again, unless QEMU still holds it for writing', () => {
  const role = 'backing';
  expect(affectedBy(missingInside({ role, readonly: true }, { startNodes: without }))).toEqual(['commit']);
  const held = { startNodes: without, open: [{ ...aDevice('252:3'), writable: true }] };
  expect(affectedBy(missingInside({ role, readonly: true }, held))).toEqual([]);
});

test('it is safe with a note, and a plan, which a repair carries out', () => {
  const { verdict, findings, plan } = missingInside({}, { startNodes: without });
  expect(verdict).toBe('safe');
  expect(findings[0]).toMatchObject({
    state: 'ok',
    note: true,
    what: "/dev/storpool-byid/fir.b.f2g is missing in QEMU's mount namespace, but QEMU hands this disk over, and takes it back, without opening it by its path",
    remedy: 'migrate-guard repair one-310',
    affects: [],
  });
  expect(plan).not.toEqual([]);
});

describe('what is wrong with the disk itself stays so', () => {
  const startNodes = without;
  test('another device', () => {
    const other = storpoolView({ '/dev/sp-3': aDevice('252:4') });
    expect(missingInside({}, { startNodes }, { hostView: other }).verdict).toBe('blocked');
    expect(missingInside({}, { startNodes }, { qemuView: other }).verdict).toBe('blocked');
  });
  test('a path that is missing on the host, too', () => {
    expect(missingInside({}, { startNodes }, { hostView: qemuView }).verdict).toBe('blocked');
  });
  test.each<[string, SourceViews, string]>([
    ['opens another', { opened: { kind: 'opened', entry: aDevice('252:4') } }, 'blocked'],
    ['does not answer', { opened: { unknown: 'it hangs' } }, 'undecided'],
    [
      'refuses',
      {
        opened: { kind: 'refused', path: '/a', error: 'EACCES' },
        access: { kind: 'refused', path: '/a', why: { what: 'b' } },
      },
      'safe',
    ],
  ])('a path that %s', (_, changes, verdict) => {
    const whole = { qemuView: storpoolView(), ...changes };
    expect(missingInside({}, { startNodes }, whole).verdict).toBe(verdict);
  });
});
