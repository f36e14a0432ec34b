import {
  addArguments,
  driverFor,
  openedQuickly,
  whichOpened,
  whyLeft,
  whyNotAsked,
  whyNotDuring,
  whyNotInState,
} from '../../../src/disk-paths/model/opened-by-qemu';
import type { Unknown } from '../../../src/core/unknown';
import { leftNodes, nodeNameOf } from '../../../src/hypervisor/model/our-node';
import type { QmpReply } from '../../../src/hypervisor/model/qmp';
import { aDevice, aFile, aSource } from '../../support/factories';

const returned = (value: unknown): QmpReply => ({ kind: 'return', value });
const error = (text: string): QmpReply => ({ kind: 'error', class: 'GenericError', text });

describe('the node', () => {
  test('has a name that QEMU accepts, whatever pid and start time are', () => {
    for (const owner of [
      { pid: 1, startTime: 0 },
      { pid: 4_194_304, startTime: 100 * 86_400 * 365 * 20 },
    ])
      expect(nodeNameOf(owner)).toMatch(/^[a-z][a-z0-9-]{0,30}$/);
  });

  test('is left if its process does not live; nodes of other names are not touched', () => {
    const [lives, dead] = [
      { pid: 310, startTime: 77 },
      { pid: 311, startTime: 78 },
    ];
    const names = [nodeNameOf(lives), nodeNameOf(dead), 'libvirt-1-storage', 'migrate-guard-x'];
    const reply = returned(names.map((name) => ({ 'node-name': name })));
    expect(leftNodes(reply, ({ pid, startTime }) => pid === 310 && startTime === 77)).toEqual([names[1]]);
    expect(leftNodes(error('no'), () => false)).toEqual([]);
  });

  test.each([
    [returned({}), undefined],
    [error("Failed to find node with node-name='n'"), undefined],
    [error('Node n is in use'), 'block node n may be left in QEMU: Node n is in use'],
    [{ unknown: 'late' }, 'block node n may be left in QEMU: late'],
  ])('%j to blockdev-del', (reply, why) => {
    const left = whyLeft('n', reply)?.what;
    expect(left?.split(';')[0]).toBe(why);
  });
});

test.each<[object, string | undefined]>([
  [{}, undefined],
  [{ answers: { unknown: 'late' } }, 'late'],
  [{ migration: 'active' }, 'a migration runs'],
  [{ migration: 'completed' }, undefined],
  [{ inactiveNodes: ['a'] }, 'the block state is half-inactive'],
  [{ blockJobs: returned([{ device: 'copy' }]) }, 'a block job runs'],
  [{ blockJobs: { unknown: 'late' } }, 'late'],
  [{ blockJobs: error('no') }, 'QEMU refused query-block-jobs: no'],
  [{ blockState: 'stuck' }, 'the block state is stuck'],
  [{ blockState: 'unknown' }, 'the block state is unknown'],
])('QEMU with %j', (changes, why) => {
  const { migration, inactiveNodes, ...rest } = {
    migration: undefined,
    inactiveNodes: undefined,
    ...changes,
  };
  const answers = { status: 'running', migration, inactiveNodes };
  const given = { answers, blockJobs: returned([]), blockState: 'healthy', ...rest } as const;
  expect(whyNotAsked(given)?.what).toBe(why);
});

test.each<[QmpReply | Unknown, string | undefined]>([
  [returned({ status: 'running' }), undefined],
  ...['paused', 'inmigrate', 'finish-migrate', 'postmigrate', 'io-error'].map(
    (status) => [returned({ status }), `the guest is ${status}`] as [QmpReply, string],
  ),
  [error('no'), 'QEMU refused to answer: no'],
  [{ unknown: 'late' }, 'late'],
])('%j to query-status', (reply, why) => expect(whyNotInState(reply)?.what).toBe(why));

test('a job of libvirt, and one that cannot be read', () => {
  expect(whyNotDuring(undefined)).toBeUndefined();
  expect(whyNotDuring('migration out')?.what).toBe("libvirt's job migration out runs");
  expect(whyNotDuring({ unknown: 'EACCES' })?.what).toBe('EACCES');
});

test.each<[object, object]>([
  [{ ms: 500 }, aDevice('252:3')],
  [{ ms: 501 }, { what: 'opening it took another process 501 ms' }],
  [{}, { what: 'another process could not read it with O_DIRECT' }],
  [{ ms: '1' }, { what: 'another process could not read it with O_DIRECT' }],
])('opened by another process: %j', (changes, expected) => {
  const opened = { kind: 'opened' as const, entry: aDevice('252:3'), ...changes };
  expect(openedQuickly(opened)).toMatchObject(expected);
});

test('what another process could not open is not asked about', () => {
  const why = { what: 'another process could not open it just now' };
  expect(openedQuickly(undefined)).toMatchObject(why);
  expect(openedQuickly({ unknown: 'hangs' })).toMatchObject(why);
  expect(openedQuickly({ kind: 'refused', path: '/', error: 'EIO' })).toMatchObject(why);
});

test('of several new descriptors the expected one counts', () => {
  const [own, other] = [aDevice('252:3'), aFile('77')];
  expect(whichOpened([other, own], own)).toEqual({ kind: 'opened', entry: own });
  expect(whichOpened([other], own)).toEqual({ kind: 'another', disks: [other] });
  expect(whichOpened([], own)).toHaveProperty('unknown');
  expect(whichOpened({ unknown: 'EACCES' }, own)).toEqual({ unknown: 'EACCES' });
});

test.each([
  [
    { direct: true, aio: 'native' },
    { cache: { direct: true }, aio: 'native' },
  ],
  [{ direct: false, aio: 'native' }, { cache: { direct: false } }],
  [
    { direct: false, aio: 'io_uring' },
    { cache: { direct: false }, aio: 'io_uring' },
  ],
  [{ direct: true }, { cache: { direct: true } }],
] as const)('the arguments for a disk with %j', (changes, expected) => {
  expect(addArguments('n', 'host_device', '/dev/sp-3', aSource(changes))).toEqual({
    'node-name': 'n',
    driver: 'host_device',
    filename: '/dev/sp-3',
    'read-only': true,
    'force-share': true,
    ...expected,
  });
});

test('the driver is that of QEMU’s node; a CD drive is not opened', () => {
  const node = { name: 'libvirt-1-storage', path: '/dev/sr0', readonly: true };
  const source = aSource({ node: node.name });
  expect(driverFor(source, [{ ...node, driver: 'file' }])).toBe('file');
  expect(driverFor(source, [{ ...node, driver: 'host_cdrom' }])).toBeUndefined();
  expect(driverFor(source, [])).toBe('host_device');
  expect(driverFor(aSource({ type: 'file' }), [])).toBe('file');
});
