import { destinationPaths } from '../../../../src/disk-paths/checks/destination-paths';
import type { DomainFacts } from '../../../../src/disk-paths/model/facts';
import type { PathOnHost } from '../../../../src/destination/model/path-on-host';
import type { DiskSource } from '../../../../src/hypervisor/model/domain-xml';
import { aDomain, aSource, diskPath as path, domainFacts } from '../../../support/factories';

type Found = Omit<PathOnHost, 'path'>;

const device = { type: 'block special file', size: 1024 };
const file = { type: 'regular file' };
const naa = (digits: string) => ({ kind: `naa ${digits.length}`, value: `naa.${digits}` });

interface Case {
  readonly there: Found;
  readonly here?: Found;
  readonly source?: Partial<DiskSource>;
  readonly nodes?: DomainFacts['nodes'];
  readonly waited?: number;
}

const inspect = ({ there, here, source, nodes, waited = 0 }: Case) =>
  destinationPaths.inspect(
    domainFacts({
      domain: aDomain({ sources: [aSource({ node: 'n1', ...source })] }),
      destination: {
        host: 'kvm2',
        paths: [{ path, ...there }],
        here: here ? [{ path, ...here }] : [],
        waited,
      },
      ...(nodes ? { nodes } : {}),
    }),
  );
const node = (size: number) => [{ name: 'n1', driver: 'host_device', path, readonly: false, size }];
const base = { check: 'destination', disk: 'vda', path };

describe('destination', () => {
  test.each<[string, Case]>([
    ['a device', { there: device }],
    ['a file', { there: file, source: { type: 'file' } }],
    ['a file without content', { there: { type: 'regular empty file' }, source: { type: 'file' } }],
    [
      'a device for which QEMU has a driver of files, here as there',
      { there: device, here: device, source: { type: 'file' } },
    ],
    ['a file here, which another check reports', { there: device, here: file }],
    ['as large', { there: device, here: device, nodes: node(1024) }],
    ['larger', { there: { ...device, size: 2048 }, here: device }],
    [
      'smaller than here, but QEMU uses no more',
      { there: device, here: { ...device, size: 2048 }, nodes: node(1024) },
    ],
    ['a size that is not known', { there: { type: device.type }, nodes: node(2048) }],
    [
      'the same identity',
      {
        there: { ...device, identity: naa('60'.repeat(16)) },
        here: { ...device, identity: naa('60'.repeat(16)) },
      },
    ],
    [
      'identities that cannot be compared',
      {
        there: { ...device, identity: naa('60'.repeat(16)) },
        here: { ...device, identity: naa('50'.repeat(8)) },
      },
    ],
    ['an identity on one host only', { there: { ...device, identity: naa('60'.repeat(16)) }, here: device }],
  ])('%s', (_, given) => {
    const what = `the path leads to a ${given.there.type ?? ''} on kvm2`;
    expect(inspect(given)).toEqual([{ ...base, state: 'ok', what }]);
  });

  test.each<[what: string, Case]>([
    ['the path leads to nothing on kvm2', { there: { type: undefined } }],
    ['the path leads to nothing on kvm2, even 5 s later', { there: { type: undefined }, waited: 5 }],
    ['the path leads to a directory on kvm2, which is not a disk', { there: { type: 'directory' } }],
    [
      'the path leads to a regular file on kvm2, where QEMU needs a block device',
      { there: file, here: device },
    ],
    [
      'the path leads to a block device on kvm2, where QEMU needs a regular file',
      { there: device, here: file, source: { type: 'file' } },
    ],
    [
      'the path leads to a regular file on kvm2, where QEMU needs a block device',
      { there: file, here: device, source: { type: 'file' } },
    ],
    [
      'the path leads to a device of 1024 bytes on kvm2, but QEMU’s disk has 1536 bytes',
      { there: device, here: { ...device, size: 2048 }, nodes: node(1536) },
    ],
    [
      'the path leads to a device of 1024 bytes on kvm2, but QEMU’s disk has 2048 bytes',
      { there: device, here: { ...device, size: 2048 } },
    ],
    [
      'the path leads to inode 8 on kvm2, but to inode 7 on this host',
      {
        there: { ...file, identity: { kind: 'CephFS f00', value: 'inode 8' } },
        here: { ...file, identity: { kind: 'CephFS f00', value: 'inode 7' } },
        source: { type: 'file' },
      },
    ],
  ])('%s', (what, given) => {
    expect(inspect(given)).toMatchObject([
      { ...base, state: 'problem', what, remedy: expect.stringContaining('kvm2') as string },
    ]);
  });

  test('a medium that libvirt ignores if it is missing; if it exists it must be a disk', () => {
    const source = { dispensable: true } as const;
    const what =
      'the path leads to nothing on kvm2, but libvirt leaves that medium out when the VM migrates (startupPolicy)';
    expect(inspect({ there: { type: undefined }, source })).toMatchObject([
      { ...base, state: 'ok', note: true, what },
    ]);
    expect(inspect({ there: { type: 'directory' }, source })).toMatchObject([{ state: 'problem' }]);
  });

  test('that did not answer', () => {
    const destination = { host: 'kvm2', paths: { unknown: 'no answer within 10 s' }, here: [], waited: 0 };
    expect(destinationPaths.inspect(domainFacts({ destination }))).toMatchObject([
      {
        check: 'destination',
        state: 'unknown',
        what: 'kvm2 could not be asked: no answer within 10 s',
        remedy: 'try: ssh kvm2 true, as oneadmin',
      },
    ]);
  });

  test('that was not queried', () => {
    expect(destinationPaths.inspect(domainFacts())).toEqual([]);
  });
});
