import { startNodesOf } from '../../../src/hypervisor/model/start-nodes';

const lineOf = (...argv: readonly string[]): string => `${['/usr/bin/qemu', ...argv].join('\0')}\0`;

/** The nodes of a raw and of a qcow2 disk by libvirt 11.3, as QEMU 10.0.13 was started with them. */
const raw =
  '{"driver":"host_device","filename":"/a","aio":"native","node-name":"libvirt-2-storage","read-only":false}';
const file = '{"driver":"host_device","filename":"/b","node-name":"libvirt-1-storage","auto-read-only":true}';
const format =
  '{"node-name":"libvirt-1-format","read-only":false,"driver":"qcow2","file":"libvirt-1-storage"}';

test('the nodes of the start, by their names', () => {
  const line = lineOf('-blockdev', raw, '-device', 'x', '-blockdev', file, '-blockdev', format);
  expect(startNodesOf(line)).toEqual(
    new Map([
      ['libvirt-2-storage', false],
      ['libvirt-1-storage', true],
      ['libvirt-1-format', false],
    ]),
  );
});

test.each([
  ['another option', lineOf('-object', raw)],
  ['no JSON', lineOf('-blockdev', 'driver=host_device,node-name=libvirt-2-storage')],
  ['no object', lineOf('-blockdev', 'null')],
  ['no name', lineOf('-blockdev', '{"driver":"host_device"}')],
  ['no value', lineOf('-blockdev')],
])('%s names no node', (_, line) => {
  expect(startNodesOf(line)).toEqual(new Map());
});
