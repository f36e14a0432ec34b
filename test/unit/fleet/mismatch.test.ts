import type { QemuCopy } from '../../../src/hypervisor/model/qemu-copy';
import { isUnchanged, mismatchOf, mismatchOfZombie, type FoundCopy } from '../../../src/fleet/model/mismatch';
import type { VmRecord } from '../../../src/opennebula/model/vm-pool';
import { expectedQemu } from '../../../src/opennebula/model/vm-states';

const record: VmRecord = {
  id: 310,
  name: 'web',
  state: 3,
  lcmState: 3,
  host: 'kvm1',
  seq: '2',
  datastore: '0',
  driver: 'kvm',
  tmMad: 'storpool',
};
const path = '/var/lib/one//datastores/0/310/disk.0';
const poweroff = { state: 8, lcmState: 0 };

function on(host: string, qemu: Partial<QemuCopy> = {}): FoundCopy {
  return { host, qemu: { state: 'running', paths: [path], ...qemu } };
}

/** `[kind, state of the finding, what]`, or undefined. */
function told(changes: Partial<VmRecord> | undefined, ...found: readonly FoundCopy[]): unknown {
  const mismatch = mismatchOf(310, changes && { ...record, ...changes }, found);
  return mismatch && [mismatch.kind, mismatch.finding.state, mismatch.finding.what];
}

test('a VM that is where its record has it', () => {
  expect(told({}, on('kvm1'))).toBeUndefined();
  expect(told({ lcmState: 16 }, on('kvm1'))).toBeUndefined();
  expect(told(poweroff)).toBeUndefined();
  expect(told({}, { host: 'kvm1' })).toBeUndefined();
});

test.each<[string, Partial<VmRecord>, string]>([
  ['POWEROFF', poweroff, 'do not resume'],
  ['SUSPENDED', { state: 5, lcmState: 0 }, 'do not resume'],
  ['UNDEPLOYED', { state: 9, lcmState: 0 }, 'do not resume'],
  ['STOPPED', { state: 4, lcmState: 0 }, 'do not resume'],
  ['BOOT_MIGRATE_FAILURE', { lcmState: 37 }, 'do not resume'],
  ['RUNNING', {}, 'do not recover it'],
  ['UNKNOWN', { lcmState: 16 }, 'do not recover it'],
])('it runs on kvm2, and the record says %s on kvm1', (state, changes, order) => {
  expect(told(changes, on('kvm2'))).toEqual([
    'elsewhere',
    'problem',
    `runs on kvm2, OpenNebula has it ${state} on kvm1: ${order}`,
  ]);
});

test('it runs on its recorded host, recorded as off', () => {
  expect(told(poweroff, on('kvm1'))).toEqual([
    'not-off',
    'problem',
    'runs on kvm1, OpenNebula has it POWEROFF on kvm1: do not resume or migrate it',
  ]);
  expect(told({ state: 1, lcmState: 0, host: '' }, on('kvm1', { state: 'paused' }))).toEqual([
    'elsewhere',
    'problem',
    'has a QEMU that does not run on kvm1, OpenNebula has it PENDING: do not resume',
  ]);
});

test('two copies, whatever the record says', () => {
  const both = 'two copies of it run, on kvm1, kvm2, and write to the same disks; OpenNebula has it';
  expect(told({}, on('kvm1'), on('kvm2'))).toEqual(['two-copies', 'problem', `${both} RUNNING on kvm1`]);
  expect(told(poweroff, on('kvm1'), { host: 'kvm2' })).toEqual([
    'two-copies',
    'problem',
    `${both} POWEROFF on kvm1`,
  ]);
  expect(told(undefined, on('kvm1'), on('kvm2'))).toEqual([
    'two-copies',
    'problem',
    `${both} not in its list`,
  ]);
  expect(told({}, on('kvm1'), on('kvm2', { state: 'paused' }))).toEqual([
    'two-copies',
    'problem',
    'it has a QEMU on each of kvm1, kvm2, not all of which run; OpenNebula has it RUNNING on kvm1',
  ]);
});

test('the target of a migration is not a copy, and neither is a process that is gone', () => {
  const arriving = on('kvm2', { state: 'paused', isArriving: true });
  expect(told({}, on('kvm1'), arriving)).toBeUndefined();
  expect(told({}, arriving)).toBeUndefined();
  expect(told({}, on('kvm1'), on('kvm2', { isGone: true }))).toBeUndefined();
  expect(told({}, on('kvm1', { isGone: true }))).toBeUndefined();
});

/** include/VirtualMachine.h: the states in which oned starts, stops or moves a VM. */
const transient = [
  1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 15, 18, 19, 20, 21, 22, 23, 29, 30, 31, 32, 35, 43, 45, 60,
];
test.each(transient)('LCM state %i is not a mismatch', (lcmState) => {
  expect(expectedQemu({ state: 3, lcmState })).toBe('in-transition');
  expect(told({ lcmState })).toBeUndefined();
  expect(told({ lcmState }, on('kvm2'))).toBeUndefined();
  expect(told({ lcmState }, on('kvm1'), on('kvm2'))).toBeUndefined();
  expect(mismatchOfZombie(310, { ...record, lcmState }, 'kvm2')).toBeUndefined();
});

test('a state that OpenNebula does not have is not a mismatch', () => {
  expect(told({ state: -1, lcmState: -1 }, on('kvm2'))).toBeUndefined();
  expect(told({ lcmState: 99 }, on('kvm2'))).toBeUndefined();
});

test('no QEMU of a VM that should have one', () => {
  expect(told({})).toEqual([
    'no-qemu',
    'unknown',
    'OpenNebula has it RUNNING on kvm1, but no QEMU of it was found, there or on another host that was asked',
  ]);
});

test('a VM that OpenNebula does not list', () => {
  expect(told(undefined, on('kvm2'))).toEqual([
    'not-listed',
    'unknown',
    'runs on kvm2, but OpenNebula lists no VM 310',
  ]);
});

test.each([
  [path, undefined],
  ['/var/lib/one/datastores/105/310/disk.1', 'other-datastore'],
  ['/srv/ds/105/310/disk.0.snap/3', 'other-datastore'],
  // These paths are of another VM, of no datastore, and of a driver that has its disks elsewhere.
  ['/var/lib/one/datastores/105/3100/disk.1', undefined],
  ['/var/lib/one/datastores/x/310/disk.1', undefined],
  ['/dev/vg-one-105/lv-one-310-0', undefined],
])('a disk in %s on datastore 0 is %s', (disk, kind) => {
  expect(mismatchOf(310, record, [on('kvm1', { paths: [path, disk] })])?.kind).toBe(kind);
  expect(mismatchOf(310, { ...record, datastore: '' }, [on('kvm1', { paths: [disk] })])).toBeUndefined();
});

test('a finding of OpenNebula’s monitoring', () => {
  expect(mismatchOfZombie(310, { ...record, ...poweroff }, 'kvm2')?.finding.what).toBe(
    "OpenNebula's monitoring finds it on kvm2, its record has it POWEROFF on kvm1: do not resume",
  );
  expect(mismatchOfZombie(310, record, 'kvm1')).toBeUndefined();
  expect(mismatchOfZombie(310, undefined, 'kvm2')?.kind).toBe('not-listed');
});

test('a record is unchanged only when nothing of it has changed', () => {
  expect(isUnchanged(record, { ...record })).toBe(true);
  expect(isUnchanged(undefined, undefined)).toBe(true);
  const changes = [{ state: 8 }, { lcmState: 4 }, { host: 'kvm2' }, { seq: '3' }, { datastore: '1' }];
  for (const change of changes) expect(isUnchanged(record, { ...record, ...change })).toBe(false);
  expect(isUnchanged(record, undefined)).toBe(false);
});
