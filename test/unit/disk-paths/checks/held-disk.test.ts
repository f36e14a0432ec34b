import { diskDevice } from '../../../../src/disk-paths/checks/disk-device';
import { diskPath } from '../../../../src/disk-paths/checks/disk-path';
import type { DomainFacts } from '../../../../src/disk-paths/model/facts';
import type { FileEntry } from '../../../../src/file-tree/model/entry';
import { aDevice, aFile, domainFacts, sourceFacts, viewOf } from '../../../support/factories';

/** A deleted file that QEMU holds open. */
const lost = (path: string, inode = '77'): FileEntry => ({
  ...aFile(inode),
  deleted: { path, descriptor: 13 },
});
const begins = 'do not power off, restart or migrate it: QEMU has the only copy of a deleted file. As root: ';

function facts(path: string, entry: FileEntry | undefined, changes: Partial<DomainFacts> = {}): DomainFacts {
  const view = viewOf(entry ? { [path]: entry } : { '/a/other': aFile('1') });
  const source = { path, type: 'file', format: 'qcow2' } as const;
  const sources = [sourceFacts({ source, hostView: view, qemuView: view })];
  return domainFacts({ sources, open: [lost(path)], pid: 42, ...changes });
}

const remedies = (given: DomainFacts): (string | undefined)[] =>
  [...diskPath.inspect(given), ...diskDevice.inspect(given)].flatMap(({ state, remedy }) =>
    state === 'problem' ? [remedy] : [],
  );

test('a deleted file: the commands, and a path that a shell would split', () => {
  const path = "/a/it's b";
  expect(remedies(facts(path, undefined))).toEqual([
    begins +
      [
        `ln -s /proc/42/fd/13 '/a/it'\\''s b'`,
        `qemu-img create -f qcow2 '/a/it'\\''s b.copy' "$(LC_ALL=C virsh domblkinfo one-310 vda | awk '/^Capacity/ {print $2}')"`,
        `chown 9869:9869 '/a/it'\\''s b.copy'`,
        `virsh blockcopy one-310 vda '/a/it'\\''s b.copy' --format qcow2 --reuse-external --transient-job --wait --pivot`,
        `ln -f '/a/it'\\''s b.copy' '/a/it'\\''s b'`,
      ].join(' && '),
  ]);
});

test('a file that another one replaced is moved aside first', () => {
  expect(remedies(facts('/a/b', aFile('78')))).toEqual([
    expect.stringContaining(`${begins}mv /a/b /a/b.other && ln -s /proc/42/fd/13 /a/b && `),
  ]);
});

test('a deleted file whose directory was deleted, too', () => {
  const found = facts('/d//100/310/disk.0', undefined, {
    open: [lost('/d/100/310/disk.1', '78'), lost('/d/100/310/disk.0')],
  });
  const make = 'install -d -o 9869 -g 9869 /d/100/310 && ';
  expect(remedies(found)).toEqual([
    expect.stringContaining(`${begins}${make}ln -s /proc/42/fd/13 /d/100/310/disk.0 && `),
  ]);
});

test.each([
  ['of another path', lost('/a/c')],
  ['of no path: memory, for example', lost('/memfd:ram')],
])('a deleted file %s does not belong to this disk', (_, open) => {
  expect(remedies(facts('/a/b', undefined, { open: [open] }))).toEqual([
    'make /a/b lead to the disk on this host again',
  ]);
});

test('no remedy powers off a VM for one disk while only QEMU has another', () => {
  const gone = { ...aDevice('252:3'), gone: true as const };
  const [vda] = facts('/a/b', undefined).sources;
  const vdb = sourceFacts({
    source: { disk: 'vdb', path: '/dev/x', type: 'block' },
    hostView: viewOf({}),
    qemuView: viewOf({ '/dev/x': aDevice('252:3') }),
  });
  if (vda === undefined) throw new Error('no source');
  const both = domainFacts({ sources: [vda, vdb], open: [lost('/a/b'), gone] });
  expect(remedies(both)[1]).toBe(
    'do not migrate: block device 252:3, which QEMU holds open, is gone, and what the guest writes fails; see that /dev/x leads to the right volume, then first copy out the file of vda, which QEMU alone holds; then power the VM off and start it',
  );
  expect(remedies(domainFacts({ sources: [vdb], open: [gone] }))[0]).toMatch(
    /, then power the VM off and start it$/,
  );
});
