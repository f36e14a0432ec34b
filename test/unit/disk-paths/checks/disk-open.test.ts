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
      { state: 'ok', what: 'opened inside the namespace as QEMU (uid 9869, gid 9869)' },
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
        what: 'opening it did not end within 10 s',
        remedy: 'see the storage',
      },
    ],
    [
      'opened, while the files that QEMU holds are unknown (disk-device reports that)',
      { kind: 'opened', entry: aDevice('252:9') },
      { open: { unknown: 'EACCES' } },
      { state: 'ok', what: 'opened inside the namespace as QEMU (uid 9869, gid 9869)' },
    ],
  ])('%s', (_, opened, facts, finding) => {
    expect(inspect(opened, facts)).toEqual([{ ...base, ...finding }]);
  });

  test.each<[boolean | undefined, object[]]>([
    [false, []],
    [true, [{ state: 'problem' }]],
    [undefined, [{ state: 'unknown' }]],
  ])('refused, for a backing file that is open for writing: %p', (writable, expected) => {
    const opened = { kind: 'refused', path, error: 'EPERM' } as const;
    const source = sourceFacts({ opened, source: { role: 'backing', readonly: true } });
    const open = [writable === undefined ? aDevice('252:3') : { ...aDevice('252:3'), writable }];
    expect(diskOpen.inspect(domainFacts({ sources: [source], open }))).toMatchObject(expected);
  });

  test('nothing without --deep, and nothing for a path without an end', () => {
    expect(inspect(undefined)).toEqual([]);
    const source = sourceFacts({ qemuView: viewOf({}), opened: { kind: 'refused', path, error: 'ENOENT' } });
    expect(diskOpen.inspect(domainFacts({ sources: [source] }))).toEqual([]);
  });
});
