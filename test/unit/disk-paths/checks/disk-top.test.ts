import { diskTop } from '../../../../src/disk-paths/checks/disk-top';
import type { DomainFacts } from '../../../../src/disk-paths/model/facts';
import type { Finding } from '../../../../src/core/finding';
import { readGuestDisks } from '../../../../src/hypervisor/model/guest-disks';
import { parseReply } from '../../../../src/hypervisor/model/qmp';
import { aFile, domainFacts, sourceFacts, viewOf } from '../../../support/factories';

const view = viewOf({ '/top': aFile('77'), '/same': aFile('77'), '/base': aFile('7') });
const at = (path: string, disk: string): object => ({
  source: { path, disk },
  hostView: view,
  qemuView: view,
});

const answer = (inserted?: object): DomainFacts['guestDisks'] => {
  const device = '/machine/peripheral/virtio-disk0/virtio-backend';
  const disk = { device: '', qdev: device, ...(inserted ? { inserted } : {}) };
  return readGuestDisks(parseReply(JSON.stringify({ return: [{ device: 'floppy0' }, disk] })));
};

/** Of a disk that libvirt calls /base; QEMU has two other files open by the names /top and /same. */
function inspect(guestDisks: DomainFacts['guestDisks'], changes: Partial<DomainFacts> = {}): Finding[] {
  const base = { ...at('/base', 'vda') };
  const named = { alias: 'virtio-disk0', node: 'libvirt-1-storage', formatNode: 'libvirt-1-format' };
  const source = { path: '/base', ...named };
  const sources = [
    sourceFacts({ ...base, source }),
    ...['/top', '/same'].map((path) => sourceFacts(at(path, path))),
  ];
  const facts = domainFacts({ sources, nodes: [], ...changes });
  return [...diskTop.inspect(guestDisks === undefined ? facts : { ...facts, guestDisks })];
}

const chain = (filename: string): string =>
  `json:${JSON.stringify({ driver: 'throttle', file: { driver: 'qcow2', file: { driver: 'file', filename } } })}`;

describe('the file that the guest uses, and the one that libvirt names (OpenNebula#5920)', () => {
  test.each<[string, object]>([
    ['the node is that of libvirt', { 'node-name': 'libvirt-1-format', file: '/other-name' }],
    ['there is one node for both, as since libvirt 10', { 'node-name': 'libvirt-1-storage', file: '/x' }],
    ['a filter is on top', { 'node-name': 'libvirt-CoR-vda', file: '/base' }],
    ['a filter is on top, which shows its options', { 'node-name': 'filter', file: chain('/base') }],
  ])('%s: nothing to report', (_, inserted) => {
    expect(inspect(answer(inserted))).toEqual([]);
  });

  test('another file is on top: a problem, also where its name shows options', () => {
    for (const file of ['/top', chain('/top'), '/not-open']) {
      expect(inspect(answer({ 'node-name': 'top', file }))).toMatchObject([
        {
          check: 'disk-top',
          state: 'problem',
          disk: 'vda',
          what: `the guest uses ${file.startsWith('json') ? '/top' : file}, but libvirt names /base: the destination would be started with that file instead`,
        },
      ]);
    }
  });

  test('another name of the same file is none', () => {
    const source = { path: '/top', alias: 'virtio-disk0' };
    const sources = [sourceFacts({ ...at('/top', 'vda'), source }), sourceFacts(at('/same', 'same'))];
    expect(inspect(answer({ 'node-name': 'top', file: '/same' }), { sources })).toEqual([]);
  });

  test('a name that QEMU cut off, and no answer: unknown', () => {
    const cut = chain('/top').slice(0, 40);
    expect(inspect(answer({ 'node-name': 'top', file: cut }))).toMatchObject([{ state: 'unknown' }]);
    for (const reply of ['{"return":{}}', '{"error":{"class":"GenericError","desc":"x"}}', 'x'])
      expect(inspect(readGuestDisks(parseReply(reply)))).toMatchObject([{ state: 'unknown' }]);
  });

  test('an empty drive, a plain check, and a QEMU that did not name its nodes: nothing to report', () => {
    expect(inspect(answer())).toEqual([]);
    expect(inspect(undefined)).toEqual([]);
    expect(inspect(answer({ file: '/top' }), { nodes: { unknown: 'x' } })).toEqual([]);
  });
});
