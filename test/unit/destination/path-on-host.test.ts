import { readStat, withDetails } from '../../../src/destination/model/path-on-host';

/** As the kernel names them in sysfs; the answer of a host with one device, whose path has a tab. */
const path = '/var/lib/one//datastores/0/310/disk\t0';
const block = (attributes: Readonly<Record<string, string>>, numbers = 'fd:11') => {
  const stated = readStat([path], `block special file\t${numbers}\t99\t${path}\0`);
  const lines = Object.entries(attributes).map(([name, value]) => `253:17\t${name}\t${value}\0`);
  return withDetails(stated, lines.join(''), '')[0];
};
const regular = (type: string, id: string) => {
  const stated = readStat([path], `regular file\t0:0\t1099511627776\t${path}\0`);
  return withDetails(stated, '', `${type}\t${id}\t${path}\0`)[0];
};

test('a path of which nothing is reported is missing', () => {
  expect(readStat(['/a', path], `directory\t0:0\t7\t/a\0`)).toEqual([
    { path: '/a', type: 'directory' },
    { path, type: undefined },
  ]);
});

const naa = '600a098038303053453f463045727a6a';
const volume = `${'Ab3'.repeat(21)}x`;

test.each<[wwid: string, kind: string | undefined, attributes: Readonly<Record<string, string>>]>([
  [`naa.${naa}`, 'naa 32', { 'device/wwid': `naa.${naa}` }],
  [`naa.${naa}`, 'naa 32', { 'dm/uuid': `mpath-3${naa}` }],
  ['eui.00a0752100000001', 'eui 16', { wwid: 'eui.00a0752100000001' }],
  ['eui.00a0752100000001', 'eui 16', { 'dm/uuid': 'mpath-eui.00a0752100000001' }],
  [`LVM-${volume}`, 'LVM', { 'dm/uuid': `LVM-${volume}` }],
])('%s', (value, kind, attributes) => {
  const type = 'block special file';
  expect(block({ size: '2048', ...attributes })).toEqual({
    path,
    type,
    size: 1048576,
    identity: { kind, value },
  });
});

test.each([
  { 'dm/uuid': `LVM-${volume}-real` },
  { 'dm/uuid': 'CRYPT-LUKS2-0f6e0c1d8f4b4b1c9d1a2b5a7c3e9f10-local-name' },
  { 'dm/uuid': 'mpath-alias' },
  { 'dm/uuid': `part1-mpath-3${naa}` },
  { wwid: 'nvme.8086-4256-494e54454c-00000001' },
  { 'device/wwid': 't10.ATA     QEMU HARDDISK                           QM00005' },
  {},
])('%j is not the same on all hosts', (attributes) => {
  expect(block(attributes)).toEqual({ path, type: 'block special file' });
});

test('a CD-ROM drive has the size of its medium, and the identity of the drive', () => {
  expect(readStat([path], `block special file\tb:0\t99\t${path}\0`)).toEqual([
    { path, type: 'block special file' },
  ]);
});

test('a file is known on file systems that have one id on all hosts', () => {
  const found = { path, type: 'regular file' };
  const identity = { kind: 'CephFS 3f2a8e1c00000001', value: 'inode 1099511627776' };
  expect(regular('c36400', '3f2a8e1c00000001')).toEqual({ ...found, identity });
  expect(regular('c36400', '0')).toEqual(found);
  expect(regular('6969', '0')).toEqual(found);
  expect(regular('ef53', '56d7e5c3a3b2c1d0')).toEqual(found);
});
