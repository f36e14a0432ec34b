import { checks } from '../../../src/checks';
import { destination } from '../../../src/checks/destination';
import { diskAccess } from '../../../src/checks/disk-access';
import { diskName } from '../../../src/checks/disk-name';
import { diskOpen } from '../../../src/checks/disk-open';
import { diskSize } from '../../../src/checks/disk-size';
import type { BlockNode, DomainFacts, SourceFacts } from '../../../src/core/facts';
import {
  aDevice,
  aDomain,
  aSource,
  diskPath as path,
  domainFacts,
  qemuUser,
  sourceFacts,
  viewOf,
  withoutEvidence,
} from '../factories';

test('the order of the checks is that of the report', () => {
  expect(checks.map(({ name }) => name)).toEqual([
    'disk-path',
    'disk-device',
    'disk-access',
    'disk-open',
    'disk-name',
    'disk-size',
    'destination',
  ]);
});

describe('disk-access', () => {
  const inspect = (changes: Partial<SourceFacts>, facts: Partial<DomainFacts> = {}, readonly = false) =>
    withoutEvidence(
      diskAccess.inspect(
        domainFacts({ sources: [sourceFacts({ ...changes, source: { readonly } })], ...facts }),
      ),
    );
  const base = { check: 'disk-access', disk: 'vda', path };

  test('allowed', () => {
    expect(inspect({})).toEqual([{ ...base, state: 'ok', what: 'QEMU (uid 9869, gid 9869) may open it' }]);
  });

  test('refused, with all groups named', () => {
    const access = { kind: 'refused', path: '/dev/sp-3', why: 'mode 0600, owner 0:0' } as const;
    expect(inspect({ access }, { credentials: { ...qemuUser, groups: [6, 9869, 36] } })).toEqual([
      {
        ...base,
        state: 'problem',
        what: 'QEMU (uid 9869, gid 9869, groups 6 36) may not open /dev/sp-3 in its mount namespace: mode 0600, owner 0:0',
        remedy: 'let uid 9869, gid 9869, groups 6 36 use /dev/sp-3, as seen in that namespace',
      },
    ]);
  });

  test('not known', () => {
    expect(inspect({ access: { unknown: 'the list could not be read' } })).toEqual([
      { ...base, state: 'unknown', what: 'the list could not be read', remedy: 'run again' },
    ]);
  });

  test('nothing to say of a disk that is not opened again', () => {
    expect(inspect({ access: { kind: 'refused', path: '/x', why: 'y' } }, {}, true)).toEqual([]);
  });
});

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
      { unknown: 'opening it did not end within 10 s' },
      {},
      {
        state: 'unknown',
        what: 'opening it did not end within 10 s',
        remedy: 'run as root; where it hangs, see whether the storage answers',
      },
    ],
    [
      'opened, while it is not known what QEMU holds (disk-device tells that)',
      { kind: 'opened', entry: aDevice('252:9') },
      { open: { unknown: 'EACCES' } },
      { state: 'ok', what: 'opened inside the namespace as QEMU (uid 9869, gid 9869)' },
    ],
  ])('%s', (_, opened, facts, finding) => {
    expect(inspect(opened, facts)).toEqual([{ ...base, ...finding }]);
  });

  test('nothing without --deep, and nothing of a way without an end', () => {
    expect(inspect(undefined)).toEqual([]);
    const source = sourceFacts({ qemuView: viewOf({}), opened: { kind: 'refused', path, error: 'ENOENT' } });
    expect(diskOpen.inspect(domainFacts({ sources: [source] }))).toEqual([]);
  });
});

describe('disk-name', () => {
  const node = (changes: Partial<BlockNode> = {}): BlockNode => ({
    name: 'libvirt-1-storage',
    driver: 'host_device',
    path,
    readonly: false,
    ...changes,
  });
  const inspect = (nodes: DomainFacts['nodes'], named = 'libvirt-1-storage') =>
    diskName.inspect(
      domainFacts({ domain: aDomain({ sources: [aSource({ node: named })] }), ...(nodes ? { nodes } : {}) }),
    );

  test('the same names', () => {
    expect(inspect([node()])).toEqual([
      { check: 'disk-name', state: 'ok', what: 'QEMU and libvirt call every file by the same name' },
    ]);
  });

  test('nothing without --deep', () => {
    expect(inspect(undefined)).toEqual([]);
  });

  test('the node of a disk by another name', () => {
    expect(inspect([node({ path: '/dev/old' })])).toEqual([
      {
        check: 'disk-name',
        state: 'ok',
        note: true,
        disk: 'vda',
        path,
        what: `libvirt calls it ${path}, QEMU /dev/old; both were checked`,
      },
    ]);
  });

  test('a name that QEMU does not have, and a node that libvirt does not have', () => {
    expect(
      inspect([node({ name: 'extra', path: '/dev/old' })]).map(({ disk, what }) => [disk, what]),
    ).toEqual([
      ['vda', "libvirt's XML names it, but QEMU has no such file open by that name"],
      ['extra', "QEMU has it open as node extra, libvirt's XML does not name it; it was checked too"],
    ]);
  });

  test('QEMU could not be asked', () => {
    expect(inspect({ unknown: 'libvirtd did not answer in time' })).toEqual([
      {
        check: 'disk-name',
        state: 'unknown',
        what: 'QEMU could not be asked for its block nodes: libvirtd did not answer in time',
        remedy: 'see whether libvirtd runs and answers',
      },
    ]);
  });
});

describe('disk-size', () => {
  /** Of disks named a, b, …: bytes of the device that the path leads to, and of what QEMU has open. */
  const exchanged = (sizes: readonly (readonly [number | undefined, number | undefined])[]): unknown[] => {
    const nodes: BlockNode[] = sizes.map(([, held], index) => ({
      name: `libvirt-${index}-storage`,
      driver: 'host_device',
      path: `/d/${index}`,
      readonly: false,
      ...(held === undefined ? {} : { size: held }),
    }));
    const sources = sizes.map(([device], index) =>
      sourceFacts({
        source: { disk: 'abc'[index] ?? '', path: `/d/${index}`, node: `libvirt-${index}-storage` },
        ...(device === undefined ? {} : { size: device }),
      }),
    );
    return diskSize.inspect(domainFacts({ sources, nodes })).map(({ disk, state }) => [disk, state]);
  };

  test.each<[string, Parameters<typeof exchanged>[0], string[]]>([
    [
      'two of one size',
      [
        [7, 7],
        [7, 7],
      ],
      [],
    ],
    [
      'two of two sizes',
      [
        [7, 7],
        [8, 8],
      ],
      [],
    ],
    [
      'two exchanged',
      [
        [7, 8],
        [8, 7],
      ],
      ['a', 'b'],
    ],
    [
      'three exchanged in a circle',
      [
        [7, 8],
        [8, 9],
        [9, 7],
      ],
      ['a', 'b', 'c'],
    ],
    [
      'two exchanged, and one as it was',
      [
        [7, 8],
        [8, 7],
        [9, 9],
      ],
      ['a', 'b'],
    ],
    [
      'one that grew on the host',
      [
        [8, 7],
        [9, 9],
      ],
      [],
    ],
    [
      'one that grew to the size of another',
      [
        [8, 7],
        [8, 8],
      ],
      [],
    ],
    [
      'two that grew, one to what the other was',
      [
        [8, 7],
        [9, 8],
      ],
      [],
    ],
    [
      'sizes that are not known',
      [
        [undefined, 8],
        [8, undefined],
      ],
      [],
    ],
  ])('%s', (_, sizes, disks) => {
    expect(exchanged(sizes)).toEqual(disks.map((disk) => [disk, 'problem']));
  });

  test('a node without a name that libvirt tells is known by its path, if no other has that path', () => {
    const nodes = [
      { name: 'x', driver: 'host_device', path: '/d/0', readonly: false, size: 8 },
      { name: 'y', driver: 'host_device', path: '/d/1', readonly: false, size: 7 },
    ];
    const sources = [7, 8].map((size, index) => sourceFacts({ source: { path: `/d/${index}` }, size }));
    const inspect = (more: readonly BlockNode[] = []): number =>
      diskSize.inspect(domainFacts({ sources, nodes: [...nodes, ...more] })).length;
    expect(inspect()).toBe(2);
    expect(inspect([{ name: 'z', driver: 'host_device', path: '/d/0', readonly: true, size: 8 }])).toBe(0);
    expect(diskSize.inspect(domainFacts({ sources }))).toEqual([]);
    expect(diskSize.inspect(domainFacts({ sources, nodes: { unknown: 'no answer' } }))).toEqual([]);
  });
});

describe('destination', () => {
  const inspect = (type: string | undefined) =>
    destination.inspect(domainFacts({ destination: { host: 'kvm2', paths: [{ path, type }] } }));
  const base = { check: 'destination', disk: 'vda', path };

  test.each(['block special file', 'regular file', 'regular empty file'])('%s', (type) => {
    expect(inspect(type)).toEqual([{ ...base, state: 'ok', what: `it leads to a ${type} on kvm2` }]);
  });

  test.each([
    [undefined, 'it leads to nothing on kvm2'],
    ['directory', 'it leads to a directory on kvm2, which is no disk'],
  ])('%s', (type, what) => {
    expect(inspect(type)).toEqual([
      {
        ...base,
        state: 'problem',
        what,
        remedy: `make ${path} lead to the disk on kvm2, or migrate to another host`,
      },
    ]);
  });

  test('a medium that libvirt leaves out where it is missing; what is there must be a disk', () => {
    const domain = aDomain({ sources: [aSource({ dispensable: true })] });
    const ask = (type: string | undefined): object[] => [
      ...destination.inspect(domainFacts({ domain, destination: { host: 'kvm2', paths: [{ path, type }] } })),
    ];
    const what =
      'it leads to nothing on kvm2, but libvirt leaves that medium out when the VM migrates (startupPolicy)';
    expect(ask(undefined)).toEqual([{ ...base, state: 'ok', note: true, what }]);
    expect(ask('directory')).toMatchObject([{ state: 'problem' }]);
  });

  test('that could not be asked', () => {
    const facts = domainFacts({ destination: { host: 'kvm2', paths: { unknown: 'no answer within 10 s' } } });
    expect(destination.inspect(facts)).toEqual([
      {
        check: 'destination',
        state: 'unknown',
        what: 'kvm2 could not be asked: no answer within 10 s',
        remedy: 'try: ssh kvm2 true, as oneadmin',
      },
    ]);
  });

  test('that was not asked for', () => {
    expect(destination.inspect(domainFacts())).toEqual([]);
  });
});
