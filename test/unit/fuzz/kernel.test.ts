import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mountAt, parseMounts, submountOfDev } from '../../../src/file-tree/model/mounts';
import {
  isOpenForWriting,
  isQemuOf,
  parseStartTime,
  parseStatus,
} from '../../../src/os/model/process-status';
import { resolvePath } from '../../../src/file-tree/model/walk';
import { aLink } from '../../support/factories';
import { fuzz } from './parser';

const mountinfo = readFileSync(join(__dirname, '../fixtures/mountinfo-qemu'), 'utf8');

fuzz('/proc/PID/mountinfo', {
  valid: [mountinfo, '36 35 98:0 /a /mnt/x\\040y rw,nodev shared:1 master:2 - ext4 /dev/root rw\n'],
  parse: parseMounts,
  holds: (mounts) => {
    expect(mounts.every(({ id, parent }) => Number.isSafeInteger(id) && Number.isSafeInteger(parent))).toBe(
      true,
    );
    expect(
      mounts.every(({ path, fileSystem }) => typeof path === 'string' && typeof fileSystem === 'string'),
    ).toBe(true);
    mountAt(mounts, '/dev/sp-1');
    submountOfDev(mounts, '/dev/sp-1');
  },
});

fuzz('/proc/PID/status', {
  valid: [
    'Name:\tqemu-system-x86\nUmask:\t0002\nState:\tS (sleeping)\nUid:\t9869\t9869\t9869\t9869\nGid:\t9869\t9869\t9869\t9869\nGroups:\t36 9869 \nCapEff:\t0000000000000000\nSeccomp:\t2\n',
  ],
  parse: parseStatus,
  holds: (credentials) => {
    if (!credentials) return;
    const { uid, gid, groups } = credentials;
    expect([uid, gid, ...groups].every((id) => Number.isSafeInteger(id) && id >= 0)).toBe(true);
  },
});

fuzz('/proc/PID/stat', {
  valid: [`90 (qemu-system-x86) S ${Array.from({ length: 49 }, (_, index) => index + 4).join(' ')}\n`],
  parse: parseStartTime,
  holds: (ticks) => expect(ticks === undefined || (Number.isSafeInteger(ticks) && ticks >= 0)).toBe(true),
});

fuzz('/proc/PID/fdinfo/N', {
  valid: [
    'pos:\t0\nflags:\t02140002\nmnt_id:\t29\nino:\t77\nlock:\t1: OFDLCK ADVISORY READ -1 00:06:77 100 101\n',
  ],
  parse: isOpenForWriting,
  holds: (is, text) => expect(is === undefined || text.includes('flags:')).toBe(true),
});

const domain = { name: 'one-310', uuid: '6af22448-3328-4f7b-9765-0fa767fc5dfb' };
fuzz('/proc/PID/cmdline', {
  valid: [['qemu', '-name', 'guest=one-310,debug-threads=on', '-S', '-uuid', domain.uuid, ''].join('\0')],
  parse: (text) => isQemuOf(text, domain),
  holds: (isIt, text) => expect(!isIt || text.toLowerCase().includes(domain.uuid)).toBe(true),
});

fuzz('a path, and the target of a link', {
  valid: ['/var/lib/one//datastores/0/310/disk.0', '../sp-3', '/dev/../dev/./x/'],
  parse: (text) => [
    resolvePath(() => ({ kind: 'missing' }), text),
    resolvePath(
      (path) => (path === '/a' ? aLink(text) : { kind: 'directory', mode: 0, uid: 0, gid: 0 }),
      '/a/b',
    ),
    resolvePath(() => aLink(text), '/a'),
  ],
  holds: (walks) => {
    for (const { hops, end } of walks) {
      expect(end.kind).toBeDefined();
      // 40 links, each of at most 4 KiB.
      expect(hops.length).toBeLessThan(41 * 2048);
    }
  },
});
