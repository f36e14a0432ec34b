import { readBlockNodes, type BlockNode } from '../../../src/hypervisor/model/block-nodes';
import { nodeNameOf } from '../../../src/hypervisor/model/our-node';
import { parseReply } from '../../../src/hypervisor/model/qmp';
import { isUnknown, type Unknown } from '../../../src/core/unknown';
import fc from '../../support/seeded-fast-check';

const parseBlockNodes = (text: string): readonly BlockNode[] | Unknown => readBlockNodes(parseReply(text));
const answer = (...nodes: readonly object[]): string => JSON.stringify({ return: nodes, id: 'libvirt-17' });
const node = { 'node-name': 'libvirt-1-storage', drv: 'host_device', file: '/dev/sp-3', ro: false };
const parsed = { name: 'libvirt-1-storage', driver: 'host_device', path: '/dev/sp-3', readonly: false };

test.each([
  ['a device', node, [parsed]],
  ['read-only', { ...node, ro: true }, [{ ...parsed, readonly: true }]],
  ['a file', { ...node, drv: 'file' }, [{ ...parsed, driver: 'file' }]],
  ['a CD-ROM drive', { ...node, drv: 'host_cdrom' }, [{ ...parsed, driver: 'host_cdrom' }]],
  ['a device, with its size', { ...node, image: { 'virtual-size': 4096 } }, [{ ...parsed, size: 4096 }]],
  ['a device, with a size that is none', { ...node, image: { 'virtual-size': '4096' } }, [parsed]],
  ['a device, opened with O_DIRECT', { ...node, cache: { direct: true } }, [{ ...parsed, direct: true }]],
  ['a device of QEMU 5.2', { ...node, encryption_key_missing: false }, [{ ...parsed, isBefore6: true }]],
  ['a device, added by this program', { ...node, 'node-name': nodeNameOf({ pid: 7, startTime: 8 }) }, []],
  ['a format', { ...node, drv: 'raw' }, []],
  ['descriptors that were passed', { ...node, file: '/dev/fdset/3' }, []],
  ['a network', { ...node, drv: 'nbd', file: 'nbd://a' }, []],
  [
    'options in the name',
    { ...node, file: 'json:{"driver":"host_device","filename":"/dev/a"}' },
    [{ ...parsed, path: '/dev/a' }],
  ],
  [
    'options of a file below',
    { ...node, file: 'json:{"file":{"filename":"/dev/a"}}' },
    [{ ...parsed, path: '/dev/a' }],
  ],
])('a node of %s', (_, given, expected) => {
  expect(parseBlockNodes(answer(given))).toEqual(expected);
});

test.each<[string, object[], boolean]>([
  [
    'that is not read-only',
    [{ 'node-name': 'libvirt-1-format', drv: 'qcow2', file: node.file, ro: false }],
    true,
  ],
  [
    'that is read-only',
    [{ 'node-name': 'libvirt-1-format', drv: 'qcow2', file: node.file, ro: true }],
    false,
  ],
  [
    'whose mode QEMU does not report',
    [{ 'node-name': 'libvirt-1-format', drv: 'qcow2', file: node.file }],
    true,
  ],
  [
    'of another file',
    [{ 'node-name': 'libvirt-2-format', drv: 'qcow2', file: '/dev/sp-4', ro: false }],
    false,
  ],
  [
    'whose chain was given to QEMU',
    [
      {
        'node-name': 'libvirt-1-format',
        drv: 'qcow2',
        file: 'json:{"backing":{"driver":"raw"},"driver":"qcow2","file":{"driver":"host_device","filename":"/dev/sp-3"}}',
        ro: false,
      },
    ],
    true,
  ],
  [
    'and another one that is',
    [
      { 'node-name': 'a', drv: 'raw', file: node.file, ro: true },
      { 'node-name': 'b', drv: 'raw', file: node.file, ro: false },
    ],
    true,
  ],
])('a node below a format %s: written or not', (_, formats, written) => {
  const expected = [written ? { ...parsed, written } : parsed];
  expect(parseBlockNodes(answer(...formats, node))).toEqual(expected);
  expect(parseBlockNodes(answer(node, ...formats))).toEqual(expected);
});

const noName = { unknown: 'the answer of QEMU does not show which file its node libvirt-1-storage has open' };
const noJson = { unknown: 'the answer of QEMU is not valid JSON' };
const noReply = { unknown: 'QEMU answered neither with a result nor with an error' };
const noList = { unknown: 'QEMU answered query-named-block-nodes without a list of nodes' };

test.each<[string, object]>([
  ['', noJson],
  ['{"return":[', noJson],
  ['null', noReply],
  ['{"return":{}}', noList],
  ['{"error":{"class":"GenericError","desc":"x"}}', { unknown: 'QEMU refused query-named-block-nodes: x' }],
  ['{"__proto__":{"return":[]}}', noReply],
  [answer({ ...node, drv: 7 }), { unknown: 'QEMU named a block node without driver or name' }],
  ['{"return":[null]}', { unknown: 'QEMU named a block node without driver or name' }],
  [answer({ ...node, file: undefined as never }), noName],
  [answer({ ...node, file: 'json:{' }), noName],
  [answer({ ...node, file: 'json:{"filename":7}' }), noName],
  [answer({ ...node, file: 'json:{}' }), noName],
])('%j is never accepted as an answer', (text, unknown) => {
  expect(parseBlockNodes(text)).toMatchObject(unknown);
});

test('whatever QEMU answers, nothing is thrown, and every result has a path', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.array(fc.jsonValue()).map((nodes) => JSON.stringify({ return: nodes })),
      ),
      (text) => {
        const nodes = parseBlockNodes(text);
        expect(isUnknown(nodes) || nodes.every(({ path }) => typeof path === 'string')).toBe(true);
      },
    ),
  );
});
