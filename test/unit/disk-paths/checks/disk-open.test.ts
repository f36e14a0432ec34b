import { orders } from '../../../../src/core/order';
import { diskOpen } from '../../../../src/disk-paths/checks/disk-open';
import type { DomainFacts, SourceFacts } from '../../../../src/disk-paths/model/facts';
import {
  aDevice,
  diskPath as path,
  domainFacts,
  sourceFacts,
  viewOf,
  withoutEvidence,
} from '../../../support/factories';

describe('disk-open', () => {
  const inspect = (opened: SourceFacts['opened'], facts: Partial<DomainFacts> = {}) =>
    withoutEvidence(
      diskOpen.inspect(domainFacts({ sources: [sourceFacts(opened ? { opened } : {})], ...facts })),
    );
  const base = { check: 'disk-open', disk: 'vda', path };

  test.each<[string, SourceFacts['opened'], Partial<DomainFacts>, object]>([
    [
      'opened',
      { kind: 'opened', entry: aDevice('252:3') },
      {},
      { state: 'ok', what: 'another process opened it inside the namespace as QEMU (uid 9869, gid 9869)' },
    ],
    [
      'refused',
      { kind: 'refused', path, error: 'EPERM' },
      {},
      {
        state: 'problem',
        what: 'opening it inside the namespace as QEMU (uid 9869, gid 9869) failed: EPERM',
        remedy: 'see why /dev/sp-3 cannot be opened there',
      },
    ],
    [
      'another device',
      { kind: 'opened', entry: aDevice('252:9') },
      {},
      {
        state: 'problem',
        affects: orders,
        what: 'opening it inside the namespace leads to 252:9, which QEMU does not hold open',
        remedy: 'do not migrate: find out which is the right volume',
      },
    ],
    [
      'late',
      { unknown: 'opening it did not end within 10 s', remedy: 'see the storage' },
      {},
      {
        state: 'unknown',
        affects: orders,
        what: 'opening it did not end within 10 s',
        remedy: 'see the storage',
      },
    ],
    [
      'opened, while the files that QEMU holds are unknown (disk-device reports that)',
      { kind: 'opened', entry: aDevice('252:9') },
      { open: { unknown: 'EACCES' } },
      { state: 'ok', what: 'another process opened it inside the namespace as QEMU (uid 9869, gid 9869)' },
    ],
  ])('%s', (_, opened, facts, finding) => {
    expect(inspect(opened, facts)).toEqual([{ ...base, ...finding }]);
  });

  test.each<[boolean | undefined, object[]]>([
    // A note, unless a commit is asked for (model/affected-orders.ts).
    [false, [{ state: 'problem' }]],
    [true, [{ state: 'problem' }]],
    [undefined, [{ state: 'unknown' }]],
  ])('refused, for a backing file that is open for writing: %p', (writable, expected) => {
    const opened = { kind: 'refused', path, error: 'EPERM' } as const;
    const source = sourceFacts({ opened, source: { role: 'backing', readonly: true } });
    const open = [writable === undefined ? aDevice('252:3') : { ...aDevice('252:3'), writable }];
    expect(diskOpen.inspect(domainFacts({ sources: [source], open }))).toMatchObject(expected);
  });

  const opened = { kind: 'opened', entry: aDevice('252:3') } as const;
  const byQemu = (answer: SourceFacts['byQemu']): ReturnType<typeof inspect> =>
    withoutEvidence(
      diskOpen.inspect(
        domainFacts({ sources: [sourceFacts({ opened, ...(answer && { byQemu: answer }) })] }),
      ),
    );

  test.each<[string, NonNullable<SourceFacts['byQemu']>, object]>([
    ['opened it', opened, { state: 'ok', what: 'QEMU itself opened it' }],
    [
      'was not asked',
      { kind: 'not-asked', why: { what: 'a block job runs' } },
      {
        state: 'ok',
        what: 'another process opened it inside the namespace as QEMU (uid 9869, gid 9869); QEMU itself was not asked: a block job runs',
      },
    ],
    [
      'is refused by the device cgroup',
      { kind: 'refused', error: `Could not open '${path}': Operation not permitted` },
      { state: 'problem', what: expect.stringContaining('the device cgroup of this VM') as string },
    ],
    [
      'is refused by its profile',
      { kind: 'refused', error: `Could not open '${path}': Permission denied` },
      { state: 'problem', what: expect.stringContaining('AppArmor, SELinux') as string },
    ],
    [
      'is refused otherwise',
      { kind: 'refused', error: `Could not open '${path}': No such file or directory` },
      { state: 'problem', what: expect.stringContaining(`'${path}': No such file or directory`) as string },
    ],
    [
      'opened another device',
      { kind: 'another', disks: [aDevice('252:9')] },
      { state: 'problem', what: 'QEMU itself opens 252:9 by that path, but holds 252:3' },
    ],
    [
      'opened another device than another process before',
      { kind: 'opened', entry: aDevice('252:9') },
      { state: 'problem', what: 'QEMU itself opens 252:9 by that path, but holds 252:3' },
    ],
    [
      'did not answer',
      { unknown: 'libvirtd did not answer in time' },
      { state: 'unknown', what: expect.stringContaining('libvirtd did not answer in time') as string },
    ],
  ])('QEMU %s', (_, answer, finding) => {
    expect(byQemu(answer)).toMatchObject([{ ...base, ...finding }]);
  });

  test('a node that may be left is a note', () => {
    expect(byQemu({ ...opened, left: { what: 'block node n may be left' } })).toMatchObject([
      { state: 'ok', what: 'QEMU itself opened it' },
      { ...base, state: 'ok', note: true, what: 'block node n may be left' },
    ]);
  });

  test('nothing without --deep, and nothing for a path without an end', () => {
    expect(inspect(undefined)).toEqual([]);
    const source = sourceFacts({ qemuView: viewOf({}), opened: { kind: 'refused', path, error: 'ENOENT' } });
    expect(diskOpen.inspect(domainFacts({ sources: [source] }))).toEqual([]);
  });
});
