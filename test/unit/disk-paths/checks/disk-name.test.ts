import { diskName } from '../../../../src/disk-paths/checks/disk-name';
import type { BlockNode } from '../../../../src/hypervisor/model/block-nodes';
import type { DomainFacts } from '../../../../src/disk-paths/model/facts';
import { aDomain, aSource, domainFacts, diskPath as path } from '../../../support/factories';

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
    expect(inspect([node()])).toMatchObject([
      { check: 'disk-name', state: 'ok', what: 'QEMU and libvirt call every file by the same name' },
    ]);
  });

  test('nothing without --deep', () => {
    expect(inspect(undefined)).toEqual([]);
  });

  test('the node of a disk under another name', () => {
    expect(inspect([node({ path: '/dev/old' })])).toMatchObject([
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
    ).toMatchObject([
      ['vda', "libvirt's XML names it, but QEMU has no such file open by that name"],
      ['extra', "QEMU has it open as node extra, libvirt's XML does not name it; it was checked too"],
    ]);
  });

  test('QEMU did not answer', () => {
    expect(inspect({ unknown: 'libvirtd did not answer in time' })).toMatchObject([
      {
        check: 'disk-name',
        state: 'unknown',
        what: 'QEMU could not be asked for its block nodes: libvirtd did not answer in time',
        remedy: 'see whether libvirt’s daemon (libvirtd or virtqemud) runs and answers',
      },
    ]);
  });
});
