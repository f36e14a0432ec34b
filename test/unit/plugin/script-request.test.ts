import { readScriptArguments } from '../../../src/plugin/script-request';

const [directory, disk] = ['/var/lib/one//datastores/100/310', 'kvm1:/var/lib/one//datastores/0/310/disk.0'];
const uuid = '0f0f0f0f-0000-4000-8000-00000000abcd';

test.each([
  ['premigrate', ['kvm1', 'kvm2', directory, '310', '0'], { source: 'kvm1', destination: 'kvm2' }],
  [
    'premigrate',
    ['kvm1', 'kvm1', directory, '310', '100'],
    { source: 'kvm1', orders: ['storage-move'], diskTarget: directory },
  ],
  ['precheck', ['migrate', uuid, 'kvm2', 'kvm1', '310', 'kvm1'], { source: 'kvm1', orders: ['migrate'] }],
  [
    'precheck',
    ['migrate', uuid, 'kvm1', 'kvm1', '310', 'kvm1'],
    { source: 'kvm1', orders: ['storage-move'] },
  ],
  ['precheck', ['save', uuid, '/a/file', 'kvm1', '310', 'kvm1'], { source: 'kvm1', orders: ['save'] }],
  ['precheck', ['snap_delete', disk, '0', '310', '1'], { source: 'kvm1', orders: ['commit'] }],
] as const)('%s %j', (name, args, expected) => {
  expect(readScriptArguments(name, args)).toMatchObject({ vmId: '310', ...expected });
});

test.each([
  ['premigrate', ['kvm1', 'kvm2', directory]],
  ['precheck', []],
  ['precheck', ['constructor', 'a', 'b', 'c', 'd']],
  ['precheck', ['migrate', uuid, 'kvm2', 'kvm1']],
] as const)('%s %j is refused', (name, args) => {
  expect(readScriptArguments(name, args)).toMatchObject({ code: 'usage' });
});
