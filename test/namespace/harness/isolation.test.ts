import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { homedir, networkInterfaces } from 'node:os';
import { join } from 'node:path';

/** What tests can write to, and see, of the machine on which they run: setup/isolation. */

const tree = join(__dirname, '../../..');
const listed = readFileSync(join(tree, 'setup/isolation/writable.txt'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));

test('the list of writable places contains no place that other programs use as a whole', () => {
  const shared = [
    '/run',
    '/run/lock',
    '/var',
    '/var/lib',
    '/var/cache',
    '/var/log',
    '/var/tmp',
    '/etc',
    '/tmp',
  ];
  const others = [
    ...shared,
    '/usr',
    '/home',
    '/root',
    '/dev',
    '/dev/shm',
    '/proc',
    '/sys',
    '/mnt',
    'ROOT',
    'ROOT/src',
  ];
  const holds = (place: string, other: string): boolean =>
    `${other}/`.startsWith(`${place.replace(/\/+$/, '')}/`);
  expect(listed.filter((place) => others.some((other) => holds(place, other)))).toEqual([]);
  expect(listed).toContain('TEMPORARY');
});

test('only the listed places and private ones are mounted writable', () => {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').trimEnd().split('\n');
  const writable = mounts.flatMap((line) => {
    const [, , , below = '', place = '', options = ''] = line.split(' ');
    const type = line.split(' - ')[1]?.split(' ')[0] ?? '';
    return options.split(',').includes('rw') ? [{ below, place, type }] : [];
  });
  const own = writable
    .filter(({ type, below }) => type === 'tmpfs' && below === '/')
    .map(({ place }) => place);
  expect(own).toEqual(expect.arrayContaining(['/run', '/var/tmp', '/dev/shm']));
  expect(['/run', '/var/tmp', '/dev/shm', join(homedir(), '.ssh')]).toEqual(expect.arrayContaining(own));
  const machines = writable.filter(({ place }) => !own.includes(place));
  const allowed = [
    '/proc',
    ...listed.map((place) => place.replace('TEMPORARY', '/tmp').replace('ROOT', tree)),
  ];
  expect(machines.map(({ place }) => place).sort()).toEqual(allowed.sort());
  // The directory is not the machine's own /tmp.
  expect(machines.find(({ place }) => place === '/tmp')?.below).toMatch(/\/migrate-guard-test-\w+\/tmp$/);
});

test.each([
  '/',
  '/etc',
  '/usr',
  '/var',
  '/var/lib',
  '/var/log',
  '/dev',
  '/sys/fs/cgroup',
  homedir(),
  tree,
  join(tree, 'src'),
])('%s cannot be written, not even by root', (place) => {
  const path = join(place, 'migrate-guard-isolation-test');
  const write = (): void => {
    mkdirSync(path);
    rmdirSync(path);
  };
  expect(write).toThrow('EROFS');
});

test('processes and networks of the machine are not visible', () => {
  expect(readFileSync('/proc/1/cmdline', 'utf8')).toContain('/setup/isolation/init.sh\0');
  expect(Object.keys(networkInterfaces())).toEqual(['lo']);
});
