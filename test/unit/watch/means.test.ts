import { meansFor } from '../../../src/watch/model/means';
import { mountPointsIn } from '../../../src/watch/model/mount-points';
import { isNews, remedyIn, watchedVm } from '../../../src/watch/model/state';
import { mountAt } from '../../support/factories';

const local = mountAt('/var', { fileSystem: 'xfs' });
const inMemory = mountAt('/dev', { fileSystem: 'devtmpfs' });

test.each([
  ['a quiet directory', { mount: local }, 'events'],
  ['one in memory', { mount: inMemory }, 'events'],
  ['one whose files are written to', { mount: local, isNoisy: true }, 'polled'],
  ['/dev, where programs write to null', { mount: inMemory, isNoisy: true }, 'polled-often'],
  ['one more than the kernel allows', { mount: local, isFull: true }, 'polled'],
  [
    'NFS, which other machines change, and which may hang',
    { mount: mountAt('/nfs', { fileSystem: 'nfs4' }) },
    'rounds',
  ],
  ['FUSE', { mount: mountAt('/fuse', { fileSystem: 'fuse.sshfs' }), isNoisy: true }, 'rounds'],
  ['a directory whose mount is not known', { mount: undefined }, 'rounds'],
])('%s: %j is noticed by %s', (_, watched, means) => {
  expect(meansFor({ isNoisy: false, isFull: false, ...watched })).toBe(means);
});

test('mount points of findmnt --poll --raw, with what it escapes', () => {
  expect(mountPointsIn('/mnt/one')).toEqual(['/mnt/one']);
  expect(mountPointsIn('/a\\x20b /old\\x5cplace')).toEqual(['/a b', '/old\\place']);
  expect(mountPointsIn('/d\\xc3\\xa9p\\xc3\\xb4t')).toEqual(['/dépôt']);
  expect(mountPointsIn('')).toEqual([]);
});

const finding = (what: string) => ({ check: 'disk-path', state: 'problem' as const, what });
const vm = (verdict: 'safe' | 'blocked', what = '') =>
  watchedVm(
    {
      verdict,
      blockState: 'unknown',
      findings: what === '' ? [] : [finding(what)],
      domain: '',
      pid: 1,
      plan: [],
    },
    undefined,
    1,
  );

test('each state of a VM is reported once, and a VM that was always safe never', () => {
  expect(isNews(vm('safe'), undefined)).toBe(false);
  expect(isNews(vm('blocked', 'gone'), undefined)).toBe(true);
  expect(isNews(vm('blocked', 'gone'), vm('blocked', 'gone'))).toBe(false);
  expect(isNews(vm('blocked', 'other'), vm('blocked', 'gone'))).toBe(true);
  expect(isNews(vm('safe'), vm('blocked', 'gone'))).toBe(true);
});

test('a repair that failed is a problem, with its own reason, whatever the check had found', () => {
  const failed = { check: 'repair', state: 'problem', what: '/dev is full', remedy: 'make room' } as const;
  const found = { ...finding('its path is missing'), plan: [] };
  const report = {
    domain: 'one-1',
    pid: 1,
    blockState: 'unknown',
    findings: [found, failed],
    plan: [],
  } as const;
  const seen = watchedVm({ ...report, verdict: 'repairable' }, undefined, 1);
  expect([seen.verdict, seen.reason]).toEqual(['blocked', '/dev is full']);
  expect(remedyIn({ ...report, verdict: 'repairable' })).toBe('make room');
});
