import { domainOf } from '../../../src/hypervisor/model/domain-xml';
import { isFailure } from '../../../src/core/errors';
import { readRequest } from '../../../src/agent-protocol/model/request';
import { readMoverEnded } from '../../../src/agent-protocol/model/messages';
import { parseJobInfo } from '../../../src/move/model/job-progress';
import { sinceStart } from '../../../src/block-state/model/log-signatures';
import { parseManifest } from '../../../src/doctor/model/manifest';
import { parseMounts } from '../../../src/file-tree/model/mounts';
import { parseStartTime, parseStatus } from '../../../src/os/model/process-status';
import { qemuNamespaces } from '../../../src/doctor/model/qemu-conf';
import { isUnknown } from '../../../src/core/unknown';
import { failedMigration } from '../../../src/opennebula/model/migration-history';
import { readVectors } from '../../../src/opennebula/model/oned-conf';
import { readXml } from '../../../src/os/read-xml';
import { readVmEvent } from '../../../src/opennebula/read-vm';
import { vmXml } from '../../support/vm-xml';

// Hostile inputs that once caused a failure, each in its smallest form.

test('a status without numbers is refused, and a blank does not mean root', () => {
  const status = (uid: string, groups = '36', capabilities = '0'): string =>
    `Name:\tq\nUid:\t${uid}\nGid:\t1\t1\t1\t1\nGroups:\t${groups} \nCapEff:\t${capabilities}\n`;
  expect(parseStatus(status('1\t1\t1\t1'))).toBeDefined();
  expect(parseStatus(status('1\t1\t1\t'))).toBeUndefined();
  expect(parseStatus(status('1\t1\t1\t0x0'))).toBeUndefined();
  expect(parseStatus(status('1\t1\t1\t1', '3\x006'))).toBeUndefined();
  expect(parseStatus(status('1\t1\t1\t1', '36', 'Uid:'))).toBeUndefined();
  expect(parseStartTime(`1 (q) S ${'1 '.repeat(18)} 7`)).toBeUndefined();
});

test('a start at an invalid time leaves the log without a start', () => {
  const line = (time: string): string => `${time}+0000: starting up libvirt version: 9.0.0\n`;
  expect(sinceStart(line('2024-03-05 10:00:00.1'))).toBeDefined();
  expect(sinceStart(line('2024-99-05 10:00:00.1'))).toBeUndefined();
});

test('a hundred thousand attributes are read like any other', () => {
  const many = Array.from({ length: 100_000 }, (_, index) => `b${index}=""`).join(' ');
  expect(readXml(`<a ${many}/>`).attributes.size).toBe(100_000);
});

test('the pid of a domain is a number in libvirt’s notation', () => {
  const pidOf = (pid: string): unknown =>
    domainOf(readXml(`<domstatus pid='${pid}'><domain><name>a</name><uuid>b</uuid></domain></domstatus>`))
      .pid;
  expect(['7', '0', '0x10', '1e3', ' 7', '-7'].map(pidOf)).toEqual([7, ...Array<undefined>(5)]);
});

test('a mount without numbers is ignored', () => {
  expect(parseMounts('36 x 98:0 / /mnt rw - ext4 a rw\n36 35 98:0 / /mnt rw - ext4 a rw\n')).toHaveLength(1);
});

test('progress is never negative', () => {
  expect(parseJobInfo('Data processed: -5.000 MiB\nData total: 1.000 GiB\n')).toBeUndefined();
});

test('a deeply nested request is refused with a message', () => {
  const deep = `{"version":"1","action":"save","domain":${'['.repeat(500_000)}${']'.repeat(500_000)}}`;
  expect(readRequest(deep)).toMatchObject({ code: 'usage', what: 'the domain is not a text' });
  const long = readRequest(`{"version":"1","action":"probe","${'k'.repeat(1_000_000)}":1}`);
  expect(isFailure(long) && long.what).toHaveLength('probe takes no '.length + 82);
});

test('a mover ends with an exit status, or with none', () => {
  const ends = ['0', '255', 'null', '256', '-1', '1.5', '1e999', '"0"'];
  const exits = ends.map((exit) => readMoverEnded(`{"kind":"moved","exit":${exit}}`)?.exit);
  expect(exits).toEqual([0, 255, null, ...Array<undefined>(5)]);
});

test('a broken line of the manifest is named by its number, blank lines counted', () => {
  const found = parseManifest('\n\nx\n');
  expect(isUnknown(found) && found.unknown).toBe('line 3 of the manifest is malformed');
});

test('numbers that are too long to differ prove no failed migration', () => {
  const long = '9'.repeat(400);
  const record = { seq: 0, hid: 1, hostname: 'a', stime: 1, etime: 5, rstime: 1, action: 2 };
  const history = [
    record,
    { ...record, seq: 1, hid: 2, rstime: 0 },
    { ...record, seq: 2, stime: 5, etime: 0, rstime: 5 },
  ];
  const event = (xml: string): unknown => {
    const read = readVmEvent(xml);
    return isFailure(read) ? read : failedMigration(read);
  };
  expect(event(vmXml({ history }))).toMatchObject({ seq: 2 });
  const odd = vmXml({ history }).replace(/<SEQ>\d+<\/SEQ>/g, `<SEQ>${long}</SEQ>`);
  expect(event(odd)).toMatchObject({
    what: 'its history shows no live migration or save that has just failed',
  });
});

describe('inputs that took quadratic time', () => {
  // These are a hundred times as long as the inputs that took half a minute, so a regression cannot go unnoticed.
  test('blanks in oned.conf', () => expect(readVectors(' '.repeat(10_000_000), 'VM_MAD')).toEqual([]));

  test('a declaration in XML', () => {
    expect(() => readXml(`<a><!${'x'.repeat(5_000_000)}`)).toThrow('a declaration is not accepted');
  });

  test('unterminated lists in qemu.conf', () => {
    expect(qemuNamespaces('namespaces = [\n'.repeat(500_000))).toBeUndefined();
  });

  test('a value of megabytes in oned.conf, with quotes', () => {
    const value = '\\"'.repeat(4_000_000);
    const [vector] = readVectors(`VM_MAD = [ A = "${value}" ]`, 'VM_MAD');
    expect(vector?.get('A')?.value).toHaveLength(value.length);
  });
});
