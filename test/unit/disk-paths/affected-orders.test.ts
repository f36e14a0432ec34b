import { orders, usualOrders, type Order } from '../../../src/core/order';
import { report } from '../../../src/disk-paths/check';
import { readDomainReport } from '../../../src/core/report-json';
import { checks } from '../../../src/disk-paths/checks';
import type { DomainReport } from '../../../src/core/finding';
import type { DiskSource } from '../../../src/hypervisor/model/domain-xml';
import { aDevice, domainFacts, missing, sourceFacts, storpoolView } from '../../support/factories';

const byId = '/dev/storpool-byid/fir.b.f2g';
const broken = storpoolView({ [byId]: missing });

/** The report for a source like this whose path is missing in QEMU's view. */
function missingInside(source: Partial<DiskSource>, wanted = usualOrders): DomainReport {
  const open = [{ ...aDevice('252:3'), writable: source.readonly !== true }];
  return report(domainFacts({ sources: [sourceFacts({ source, qemuView: broken })], open }), checks, wanted);
}

const affectedBy = ({ findings }: DomainReport): unknown =>
  findings.find(({ check }) => check === 'disk-path')?.affects;

test.each<[string, Partial<DiskSource>, readonly string[]]>([
  ['a raw disk', { format: 'raw' }, ['migrate', 'save', 'storage-move', 'snapshot']],
  ['a qcow2 disk', { format: 'qcow2' }, ['migrate', 'save', 'snapshot']],
  ['a disk of unknown format', {}, ['migrate', 'save', 'storage-move', 'snapshot']],
  ['a backing file', { role: 'backing', readonly: true }, ['commit']],
  ['a backing file that QEMU writes to', { role: 'backing' }, ['migrate', 'save']],
  ['variables of the firmware', { role: 'nvram' }, ['migrate', 'save']],
  ['a read-only disk', { readonly: true }, []],
])('%s whose path is missing inside', (_, source, affected) => {
  expect(affectedBy(missingInside(source))).toEqual(affected);
});

test('what is missing on the host as well affects every order, also of a backing file', () => {
  const source = sourceFacts({
    source: { role: 'backing', readonly: true },
    hostView: broken,
    qemuView: broken,
  });
  const { verdict, findings } = report(domainFacts({ sources: [source] }));
  expect(verdict).toBe('blocked');
  expect(findings[0]).toMatchObject({ state: 'problem', affects: orders });
});

test.each([{ role: 'backing' }, {}] as const)(
  'a read-only disk on storage that does not answer inside is undecided, whatever is asked: %j',
  (changes) => {
    const source = {
      ...sourceFacts({ source: { readonly: true, ...changes } }),
      access: { unknown: 'it hangs' },
    };
    const { path } = source.source;
    const end = { kind: 'unreadable', path, error: 'does not answer' } as const;
    const facts = domainFacts({ sources: [{ ...source, namespace: { path, hops: [], end } }] });
    for (const order of orders) expect(report(facts, checks, [order]).verdict).toBe('undecided');
  },
);

test('a commit needs access to the file below, a migration does not', () => {
  const why = { what: 'its mode is 0600' };
  const source = sourceFacts({
    source: { role: 'backing', readonly: true },
    access: { kind: 'refused', path: byId, why },
  });
  const open = [{ ...aDevice('252:3'), writable: false }];
  const verdictFor = (order: Order): string =>
    report(domainFacts({ sources: [source], open }), checks, [order]).verdict;
  expect([verdictFor('migrate'), verdictFor('commit')]).toEqual(['safe', 'blocked']);
});

test('a problem of other orders is ok with a note, and keeps its plan', () => {
  const { verdict, findings, plan } = missingInside({ format: 'raw' }, ['commit']);
  expect(verdict).toBe('safe');
  expect(findings[0]).toMatchObject({
    state: 'ok',
    note: true,
    what: "/dev/storpool-byid/fir.b.f2g is missing in QEMU's mount namespace; this makes only these orders fail: migrate, save, storage-move, snapshot",
    remedy: 'migrate-guard repair one-310',
  });
  expect(plan).toEqual(findings[0]?.plan);
  expect(plan).not.toEqual([]);
});

test('the destination matters to a migration only', () => {
  const destination = { host: 'kvm2', paths: [{ path: '/nowhere', type: undefined }], here: [], waited: 0 };
  const facts = domainFacts({ destination });
  expect(report(facts, checks, ['save']).verdict).toBe('safe');
  expect(report(facts, checks, ['migrate', 'save']).verdict).toBe('blocked');
});

test('what is in order affects nothing, and a reader of the JSON gets the orders back', () => {
  const whole = report(domainFacts());
  expect(whole.findings.map(({ affects }) => affects)).toEqual(whole.findings.map(() => []));
  const partly = missingInside({ format: 'qcow2' });
  expect(readDomainReport(JSON.parse(JSON.stringify(partly)))?.findings[0]?.affects).toEqual([
    'migrate',
    'save',
    'snapshot',
  ]);
});
