import { diskPath } from '../../../../src/disk-paths/checks/disk-path';
import type { Entry } from '../../../../src/file-tree/model/entry';
import type { DomainFacts } from '../../../../src/disk-paths/model/facts';
import type { Finding } from '../../../../src/core/finding';
import {
  aDevice,
  aDirectory,
  aDomain,
  aLink,
  diskLink,
  diskPath as path,
  domainFacts,
  missing,
  mountAt,
  qemuMounts,
  sourceFacts,
  storpoolView,
  viewOf,
  withoutEvidence,
} from '../../../support/factories';

/** The only finding, if QEMU's view or the host's differs from the complete path by these entries. */
function inspect(
  qemu: Readonly<Record<string, Entry>>,
  host: Readonly<Record<string, Entry>> = {},
  changes: Partial<DomainFacts> & { readonly readonly?: boolean; readonly dispensable?: true } = {},
): Partial<Finding> {
  const { readonly = false, dispensable, ...facts } = changes;
  const source = sourceFacts({
    hostView: storpoolView(host),
    qemuView: storpoolView(qemu),
    source: { readonly, ...(dispensable ? { dispensable } : {}) },
  });
  const [finding] = withoutEvidence(diskPath.inspect(domainFacts({ sources: [source], ...facts })));
  return finding ?? {};
}

const base = { check: 'disk-path', disk: 'vda', path };
const repair = 'migrate-guard repair one-310';
const byId = '/dev/storpool-byid/fir.b.f2g';

test('a complete path is ok, with both views as evidence', () => {
  const way = [`${diskLink} -> ${byId}`, `${byId} -> ../sp-3`, '/dev/sp-3: block device 252:3'];
  expect(diskPath.inspect(domainFacts())).toMatchObject([
    {
      ...base,
      state: 'ok',
      what: 'the path leads to a disk',
      evidence: { host: way, namespace: way, device: '252:3' },
    },
  ]);
});

describe('a part that is missing in the namespace', () => {
  test('a directory below /dev is repairable', () => {
    const gone = { '/dev/storpool-byid': missing, [byId]: missing };
    expect(inspect(gone)).toMatchObject({
      ...base,
      state: 'problem',
      what: "/dev/storpool-byid is missing in QEMU's mount namespace",
      remedy: repair,
      plan: [
        { step: 'make-directory', path: '/dev/storpool-byid', mode: 0o755, uid: 0, gid: 0 },
        { step: 'make-symlink', path: byId, target: '../sp-3', mode: 0o777, uid: 0, gid: 0 },
      ],
    });
  });

  test.each<[string, Readonly<Record<string, Entry>>, Partial<DomainFacts>, string]>([
    [
      'outside of /dev',
      { [diskLink]: missing },
      {},
      `not repairable: ${diskLink} is missing in QEMU's mount namespace, and only /dev is repaired; power the VM off and start it, or make the path lead through /dev again`,
    ],
    [
      'in a separate mount',
      { [byId]: missing },
      { mounts: [...qemuMounts, mountAt('/dev/storpool-byid')] },
      `not repairable: /dev/storpool-byid lies in /dev/storpool-byid, a mount of its own in QEMU's mount namespace; power the VM off and start it, or make the path lead through /dev again`,
    ],
    [
      'while QEMU holds another device',
      { [byId]: missing },
      { open: [aDevice('252:4')] },
      'do not migrate: the path of the host does not lead to what QEMU holds open',
    ],
    [
      'while it is not known what QEMU holds',
      { [byId]: missing },
      { open: { unknown: 'EACCES' } },
      'do not migrate: the path of the host does not lead to what QEMU holds open',
    ],
  ])('%s is not', (_, qemu, facts, remedy) => {
    const finding = inspect(qemu, {}, facts);
    expect(finding).toMatchObject({ state: 'problem', remedy });
    expect(finding).not.toHaveProperty('plan');
  });

  const heldForReading = { open: [{ ...aDevice('252:3'), writable: false }] };

  test('of a read-only disk is only a note', () => {
    expect(inspect({ [byId]: missing }, {}, { readonly: true, ...heldForReading })).toMatchObject({
      ...base,
      state: 'ok',
      note: true,
      what: `${byId} is missing in QEMU's mount namespace, but QEMU holds this disk read-only and does not open it again to migrate`,
    });
  });
});

describe('a missing part of a backing file’s path, which QEMU never made read-only', () => {
  const below = { readonly: true } as const;

  test('is repairable while QEMU holds it for writing', () => {
    const open = [{ ...aDevice('252:3'), writable: true }];
    expect(inspect({ [byId]: missing }, {}, { ...below, open })).toMatchObject({
      ...base,
      state: 'problem',
      what: `${byId} is missing in QEMU's mount namespace`,
      remedy: repair,
      plan: [{ step: 'make-symlink', path: byId, target: '../sp-3', mode: 0o777, uid: 0, gid: 0 }],
    });
  });

  test('is unknown if it is unknown how QEMU holds it', () => {
    const writable = { unknown: '/proc/7/fdinfo/12: EACCES', remedy: 'run as root' };
    const open = [{ ...aDevice('252:3'), writable }];
    expect(inspect({ [byId]: missing }, {}, { ...below, open })).toMatchObject({
      ...base,
      state: 'unknown',
      what: `${byId} is missing in QEMU's mount namespace, and whether QEMU opens this disk again to migrate is unknown: /proc/7/fdinfo/12: EACCES`,
      remedy: 'run as root',
    });
  });

  test('is not left to disk-access if a directory is closed, unless QEMU reopens the file', () => {
    const closed = { [diskLink]: { kind: 'unreadable', error: 'EACCES' } as const };
    const held = (writable: boolean) => ({ open: [{ ...aDevice('252:3'), writable }] });
    expect(inspect(closed, {}, { ...below, ...held(true) })).toEqual({});
    expect(inspect(closed, {}, { ...below, ...held(false) })).toMatchObject({ state: 'ok', note: true });
  });
});

describe('ends that are not a disk', () => {
  test.each<[string, Entry, string]>([
    ['a directory', aDirectory(), '/dev/sp-3 is a directory'],
    ['a character device', { ...aDevice('1:3'), kind: 'character' }, '/dev/sp-3 is character device 1:3'],
    [
      'a socket',
      { kind: 'other', mode: 0o755, uid: 0, gid: 0 },
      '/dev/sp-3 is neither a device nor a regular file',
    ],
    ['a loop', aLink('sp-3'), '/dev/sp-3 is one link more than the kernel follows (40), probably a loop'],
  ])('%s inside, and on the host', (_, entry, what) => {
    expect(inspect({ '/dev/sp-3': entry })).toMatchObject({
      state: 'problem',
      what: `${what} in QEMU's mount namespace`,
    });
    expect(inspect({}, { '/dev/sp-3': entry })).toMatchObject({
      ...base,
      state: 'problem',
      what: `${what} on the host`,
      remedy: `make ${path} lead to block device 252:3, which QEMU holds open, again`,
    });
  });
});

describe('a part that cannot be read', () => {
  const unreadable: Entry = { kind: 'unreadable', error: 'EIO' };

  test('inside is unknown', () => {
    expect(inspect({ [byId]: unreadable })).toMatchObject({
      ...base,
      state: 'unknown',
      what: `${byId} cannot be read (EIO) in QEMU's mount namespace`,
      remedy: `look at ${byId} in QEMU's mount namespace`,
    });
  });

  test('on the host is unknown, whatever is wrong inside', () => {
    expect(inspect({ [byId]: missing }, { [byId]: unreadable })).toMatchObject({
      state: 'unknown',
      what: `${byId} cannot be read (EIO) on the host`,
    });
  });

  test('inside prevents a plan', () => {
    const finding = inspect({ [diskLink]: aLink('/dev/old'), [byId]: unreadable });
    expect(finding).toMatchObject({
      state: 'problem',
      what: "/dev/old is missing in QEMU's mount namespace",
      remedy: `not repairable: ${byId} in QEMU's mount namespace cannot be read: EIO; power the VM off and start it, or make the path lead through /dev again`,
    });
  });
});

test('sources that are not a path: of the network ok, without a path unknown', () => {
  const others = [
    { disk: 'vdb', type: 'network' },
    { disk: 'vdc', type: 'volume without a path' },
  ];
  const facts = domainFacts({ sources: [], domain: aDomain({ others }) });
  expect(diskPath.inspect(facts)).toMatchObject([
    { check: 'disk-path', state: 'ok', disk: 'vdb', what: 'a source of type network is not a path' },
    {
      check: 'disk-path',
      state: 'unknown',
      disk: 'vdc',
      what: 'libvirt gives no path for this source of type volume without a path',
      short: 'libvirt gives no path for it (volume without a path)',
      remedy: 'look at it with virsh dumpxml',
    },
  ]);
});

test('a QEMU in the host’s namespace has one view, and nothing to repair', () => {
  const none = viewOf({});
  const source = sourceFacts({ hostView: none, qemuView: none });
  const [finding] = withoutEvidence(
    diskPath.inspect(domainFacts({ sources: [source], ownNamespace: false })),
  );
  expect(finding).toMatchObject({ state: 'problem', what: '/var is missing on the host' });
});

test('a path that stays missing on the host for the time that it is given', () => {
  const sources = [sourceFacts({ hostView: viewOf({}) })];
  const [finding] = diskPath.inspect(domainFacts({ sources, waited: 5 }));
  expect(finding).toMatchObject({ state: 'problem', what: '/var is missing on the host, even 5 s later' });
});

describe('a CD-ROM whose file is gone from the host', () => {
  const gone = { '/dev/sp-3': missing };

  test('is a problem: the destination would have to open it', () => {
    expect(inspect(gone, gone, { readonly: true })).toMatchObject({ state: 'problem' });
  });

  test('is not a problem if libvirt ignores it', () => {
    expect(inspect(gone, gone, { readonly: true, dispensable: true })).toMatchObject({
      ...base,
      state: 'ok',
      note: true,
      what: '/dev/sp-3 is missing on the host, but libvirt leaves that medium out when the VM migrates (startupPolicy)',
    });
  });
});
