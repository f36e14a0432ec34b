import { diskSize } from '../../../../src/disk-paths/checks/disk-size';
import type { BlockNode } from '../../../../src/hypervisor/model/block-nodes';
import { domainFacts, sourceFacts } from '../../../support/factories';

describe('disk-size', () => {
  /**
   * Facts of disks named a, b, …: the size of the device to which the path leads, and of the one that QEMU has open.
   */
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

  test('a node without a name from libvirt is identified by its path, if no other has that path', () => {
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
