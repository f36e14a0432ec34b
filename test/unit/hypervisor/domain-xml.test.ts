import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from '../../support/seeded-fast-check';
import { domainOf, type DiskSource, type Domain } from '../../../src/hypervisor/model/domain-xml';
import { XmlError } from '../../../src/core/element';
import { readXml } from '../../../src/os/read-xml';

const fixture = (name: string): string => readFileSync(join(__dirname, '../fixtures', name), 'utf8');

const parseDomain = (text: string): Domain => domainOf(readXml(text));

function withDisks(...disks: readonly string[]): Domain {
  return parseDomain(
    `<domain><name>one-1</name><uuid>AAAAAAAA-0000-0000-0000-000000000001</uuid><devices>${disks.join('')}</devices></domain>`,
  );
}

function withOs(os: string): Domain['sources'] {
  return parseDomain(`<domain><name>a</name><uuid>b</uuid><os>${os}</os></domain>`).sources;
}

const common = { role: 'disk', type: 'block', readonly: false, shareable: false, direct: true } as const;
const raw = { ...common, aio: 'native', format: 'raw' };

describe('documents of libvirt', () => {
  test('a status XML contains state, pid and the names of the block nodes', () => {
    expect(parseDomain(fixture('status-one-310.xml'))).toEqual({
      name: 'one-310',
      uuid: '6af22448-3328-4f7b-9765-0fa767fc5dfb',
      state: 'running',
      pid: 90,
      sources: [
        {
          ...raw,
          disk: 'vda',
          path: '/var/lib/one//datastores/0/310/disk.0',
          node: 'libvirt-2-storage',
          formatNode: 'libvirt-2-format',
          alias: 'virtio-disk0',
        },
        {
          ...raw,
          disk: 'vdb',
          path: '/var/lib/one//datastores/0/310/disk.1',
          node: 'libvirt-1-storage',
          formatNode: 'libvirt-1-format',
          alias: 'virtio-disk1',
        },
      ],
      others: [],
    });
  });

  test('virsh dumpxml has the same paths, and nothing about the process', () => {
    const { sources, ...domain } = parseDomain(fixture('dumpxml-one-310.xml'));
    expect(domain).toEqual({ name: 'one-310', uuid: '6af22448-3328-4f7b-9765-0fa767fc5dfb', others: [] });
    expect(sources).toEqual([
      { ...raw, disk: 'vda', path: '/var/lib/one//datastores/0/310/disk.0', alias: 'virtio-disk0' },
      { ...raw, disk: 'vdb', path: '/var/lib/one//datastores/0/310/disk.1', alias: 'virtio-disk1' },
    ]);
  });

  test('a backing file is a separate source; an empty and an ejected CD-ROM have none', () => {
    const { sources, others } = parseDomain(fixture('status-ejected-cdrom.xml'));
    const file = { ...common, disk: 'vda', type: 'file' };
    expect(sources).toEqual([
      {
        ...file,
        path: '/var/lib/one/datastores/top.qcow2',
        format: 'qcow2',
        node: 'libvirt-3-storage',
        formatNode: 'libvirt-3-format',
        alias: 'virtio-disk0',
      },
      {
        ...file,
        role: 'backing',
        readonly: true,
        path: '/var/lib/one/datastores/base.qcow2',
        node: 'libvirt-4-storage',
      },
    ]);
    expect(others).toEqual([]);
  });

  test('libvirt 11.3 gives a raw disk to QEMU as one node', () => {
    const text = fixture('status-one-310.xml').replace(
      /<nodename type='format' name='libvirt-1-format'\/>/,
      '',
    );
    const [first, second] = parseDomain(text).sources;
    expect(first).not.toHaveProperty('isOnlyNode');
    expect(second).toMatchObject({ node: 'libvirt-1-storage', isOnlyNode: true });
  });

  test.each([
    ['', 'line 1: there is no element'],
    ['<domain/>', 'line 1: this is not a libvirt domain with a name and a uuid'],
    ['<domain><name>a</name></domain>', 'line 1: this is not a libvirt domain with a name and a uuid'],
    [
      '<domain><name> </name><uuid>b</uuid></domain>',
      'line 1: this is not a libvirt domain with a name and a uuid',
    ],
    [
      '<network><name>a</name><uuid>b</uuid></network>',
      'line 1: this is not a libvirt domain with a name and a uuid',
    ],
  ])('%j is refused: %s', (text, message) => {
    expect(() => parseDomain(text)).toThrow(new XmlError(message));
  });

  test.each(['-1', '0', 'x', '1.5', '99999999999999999999', ''])('pid %j is ignored', (pid) => {
    const text = `<domstatus state='running' pid='${pid}'><domain><name>a</name><uuid>b</uuid></domain></domstatus>`;
    expect(parseDomain(text)).not.toHaveProperty('pid');
  });

  test('cut off at any byte: refused as broken', () => {
    const text = fixture('status-ejected-cdrom.xml').trimEnd();
    fc.assert(
      fc.property(fc.nat(text.length - 1), (length) => {
        expect(() => parseDomain(text.slice(0, length))).toThrow(XmlError);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('disks', () => {
  test('a chain of backing files, the lowest last, and all of them read-only', () => {
    const { sources } = withDisks(`<disk type='file'><source file='/a'/><target dev='vda'/>
      <backingStore type='file'><source file='/b'/><backingStore type='block'><source dev='/c'/><backingStore/></backingStore></backingStore></disk>`);
    expect(sources.map(({ role, path, type, readonly }) => [role, path, type, readonly])).toEqual([
      ['disk', '/a', 'file', false],
      ['backing', '/b', 'file', true],
      ['backing', '/c', 'block', true],
    ]);
  });

  test('the target of a copy job is a source of the disk, and writable', () => {
    const { sources } = withDisks(
      `<disk type='block'><source dev='/a'/><target dev='vda'/><mirror type='block' job='copy' ready='yes'><format type='raw'/><source dev='/copy'/></mirror></disk>`,
    );
    expect(sources.map(({ role, path, readonly }) => [role, path, readonly])).toEqual([
      ['disk', '/a', false],
      ['mirror', '/copy', false],
    ]);
  });

  test('a data store of qcow2 is a source as writable as its disk', () => {
    const { sources } = withDisks(
      `<disk type='file'><source file='/a'><dataStore type='block'><format type='raw'/><source dev='/data'/></dataStore></source><target dev='vda'/></disk>`,
    );
    expect(sources.map(({ path, type, readonly, data }) => [path, type, readonly, data])).toEqual([
      ['/a', 'file', false, undefined],
      ['/data', 'block', false, true],
    ]);
  });

  test.each([
    [`<readonly/>`, { readonly: true }],
    [`<shareable/>`, { shareable: true }],
    [`<driver cache='none'/>`, { direct: true }],
    [`<driver io='io_uring'/>`, { aio: 'io_uring' }],
    [`<driver io='another'/>`, {}],
    [`<driver cache='directsync'/>`, { direct: true }],
    [`<driver cache='writeback'/>`, { direct: false }],
    [``, { direct: false, readonly: false, shareable: false }],
  ])('%s', (inner, expected) => {
    const { sources } = withDisks(`<disk type='block'>${inner}<source dev='/a'/><target dev='vda'/></disk>`);
    expect(sources[0]).toMatchObject(expected);
  });

  test.each([
    ['cdrom', { readonly: true, cdrom: true }],
    ['disk', { readonly: false }],
  ])('a %s with a file', (device, expected) => {
    const { sources } = withDisks(
      `<disk type='file' device='${device}'><source file='/cd.iso'/><target dev='hda'/></disk>`,
    );
    const [{ path, readonly, cdrom }] = sources as [DiskSource];
    expect({ path, readonly, cdrom }).toEqual({ path: '/cd.iso', ...expected });
  });

  test.each([
    ['cdrom', 'optional', true],
    ['floppy', 'requisite', true],
    ['cdrom', 'mandatory', undefined],
    // Only a cold start ignores such a disk (formatdomain.html).
    ['disk', 'optional', undefined],
  ])('a %s with the start-up policy %s', (device, policy, dispensable) => {
    const { sources } = withDisks(
      `<disk type='file' device='${device}'><source file='/a' startupPolicy='${policy}'/><target dev='hda'/></disk>`,
    );
    expect(sources[0]?.dispensable).toBe(dispensable);
  });

  test.each([
    ['network', `<source protocol='rbd' name='one/one-1'/>`, 'network'],
    ['nvme', `<source type='pci' namespace='1'/>`, 'nvme'],
    ['vhostuser', `<source type='unix' path='/run/sock'/>`, 'vhostuser'],
    ['vhostvdpa', `<source dev='/dev/vhost-vdpa-0'/>`, 'vhostvdpa'],
    ['volume', `<source pool='default' volume='a'/>`, 'volume without a path'],
    ['block', `<source index='1'/>`, 'block without a path'],
    ['file', `<source file=''/>`, 'file without a path'],
  ])('a disk of type %s with %s', (type, source, other) => {
    const { sources, others } = withDisks(`<disk type='${type}'>${source}<target dev='vda'/></disk>`);
    expect({ sources, others }).toEqual({ sources: [], others: [{ disk: 'vda', type: other }] });
  });

  test('a CD-ROM from the network is named, a network backing of a local disk too', () => {
    const { others } = withDisks(
      `<disk type='network' device='cdrom'><source protocol='http' name='a'/><target dev='hda'/></disk>`,
      `<disk type='file'><source file='/a'/><target dev='vda'/><backingStore type='network'><source protocol='rbd'/></backingStore></disk>`,
    );
    expect(others).toEqual([
      { disk: 'hda', type: 'network' },
      { disk: 'vda', type: 'network' },
    ]);
  });

  test('paths are not normalised', () => {
    const path = ` /dev/a "b" <'c'>\n日\t&amp; `;
    const escaped = path.replace(/[&<>"'\n\t]/g, (character) => `&#${character.charCodeAt(0)};`);
    const { sources } = withDisks(`<disk type='block'><source dev='${escaped}'/><target dev='vda'/></disk>`);
    expect(sources[0]?.path).toBe(path);
  });
});

describe('firmware', () => {
  test('flash memory is two sources: code read-only, variables writable', () => {
    const firmware = withOs(
      `<loader readonly='yes' type='pflash'>/usr/share/OVMF/CODE.fd</loader><nvram template='/t'>/var/nvram/a.fd</nvram>`,
    );
    expect(firmware.map(({ disk, role, path, readonly }) => [disk, role, path, readonly])).toEqual([
      ['loader', 'loader', '/usr/share/OVMF/CODE.fd', true],
      ['nvram', 'nvram', '/var/nvram/a.fd', false],
    ]);
  });

  test('variables in the notation of libvirt 8.5 and later', () => {
    const [nvram] = withOs(`<nvram type='file'><source file='/var/nvram/a.fd'/></nvram>`);
    expect(nvram).toMatchObject({ role: 'nvram', path: '/var/nvram/a.fd', type: 'file' });
  });

  test.each([
    [`<loader type='rom'>/usr/share/seabios/bios.bin</loader>`, []],
    [`<loader>/usr/share/seabios/bios.bin</loader>`, []],
    [`<loader type='pflash' readonly='no'>/a.fd</loader>`, [false]],
    [`<loader type='pflash'/><nvram/>`, []],
  ])('%s', (os, readonly) => {
    expect(withOs(os).map((source) => source.readonly)).toEqual(readonly);
  });
});
