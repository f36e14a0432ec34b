import { diskDevice } from '../../../../src/disk-paths/checks/disk-device';
import type { DomainFacts } from '../../../../src/disk-paths/model/facts';
import type { DiskSource } from '../../../../src/hypervisor/model/domain-xml';
import type { Finding } from '../../../../src/core/finding';
import {
  aDevice,
  aFile,
  domainFacts,
  sourceFacts,
  viewOf,
  type SourceViews,
} from '../../../support/factories';

const at = (path: string, entry: ReturnType<typeof aDevice> | ReturnType<typeof aFile>): SourceViews => {
  const view = viewOf({ [path]: entry });
  return { source: { path }, hostView: view, qemuView: view };
};

function inspect(sources: readonly SourceViews[], changes: Partial<DomainFacts> = {}): readonly Finding[] {
  return diskDevice.inspect(
    domainFacts({ sources: sources.map((source) => sourceFacts(source)), ...changes }),
  );
}

const doNotMigrate =
  'do not migrate: find out which is the right volume, and make the path lead to what QEMU holds open';

test('the device that QEMU holds open', () => {
  expect(inspect([at('/dev/a', aDevice('252:3'))])).toMatchObject([
    {
      check: 'disk-device',
      state: 'ok',
      what: 'the path leads to what QEMU holds open',
      evidence: { device: '252:3', open: '252:3' },
    },
  ]);
});

test('the file that QEMU holds open', () => {
  const file = aFile('77');
  expect(inspect([at('/a', file)], { open: [file] })).toMatchObject([
    { state: 'ok', evidence: { device: '259:1 inode 77', open: '259:1 inode 77' } },
  ]);
});

test('disk-path reports a path that ends nowhere', () => {
  expect(inspect([{ hostView: viewOf({}), qemuView: viewOf({}) }])).toEqual([]);
});

test('another file than QEMU holds, of a CD-ROM: a note, unless QEMU writes to it (cloudstack#11425)', () => {
  const node = { name: 'cd', driver: 'file', path: '/old.iso', readonly: true };
  const inspectMedium = (cdrom: Partial<DiskSource>, written: object): readonly Finding[] => {
    const source = { ...at('/cd.iso', aFile('77')).source, readonly: true, node: 'cd', ...cdrom };
    return inspect([{ ...at('/cd.iso', aFile('77')), source }], {
      open: [aFile('7')],
      nodes: [{ ...node, ...written }],
    });
  };
  expect(inspectMedium({ cdrom: true }, {})).toMatchObject([
    { state: 'ok', note: true, evidence: { device: '259:1 inode 77', open: '259:1 inode 7' } },
  ]);
  expect(inspectMedium({ cdrom: true }, { written: true })).toMatchObject([{ state: 'problem' }]);
  expect(inspectMedium({}, {})).toMatchObject([{ state: 'problem' }]);
});

test.each([
  ['code that an upgrade replaced', 'loader', true, 'ok'],
  ['code that QEMU may write', 'loader', false, 'problem'],
  ['variables', 'nvram', false, 'problem'],
  ['a read-only disk', 'disk', true, 'problem'],
] as const)('another file than QEMU holds: %s', (_, role, readonly, state) => {
  const source = at('/a', aFile('77'));
  const findings = inspect([{ ...source, source: { ...source.source, role, readonly } }], {
    open: [aFile('7')],
  });
  expect(findings).toMatchObject([state === 'ok' ? { state, note: true } : { state }]);
});

test.each([
  ['of the disk itself', { role: 'disk' }, 'problem'],
  ['of a file further up', { role: 'backing' }, 'problem'],
  ['of the target of a job', { role: 'mirror' }, 'ok'],
  ['of another disk', { role: 'disk', disk: 'vdb', readonly: true }, 'ok'],
] as const)('the path of a backing file that leads to the file %s', (_, other, state) => {
  const file = aFile('77');
  const [top, below] = [at('/top', file), at('/below', file)];
  const findings = inspect(
    [
      { ...top, source: { ...top.source, ...other } },
      { ...below, source: { ...below.source, role: 'backing', readonly: true } },
    ],
    { open: [file, aFile('78')] },
  );
  expect(findings.find(({ path }) => path === '/below')).toMatchObject({ state });
});

describe('another device than QEMU holds', () => {
  test.each([
    ['one that no disk leads to: it is named', [aDevice('252:3')], 'block device 252:3 open', '252:3'],
    [
      'several: they are named',
      [aDevice('252:3'), aDevice('252:4')],
      'none but 252:3, 252:4 open',
      '252:3, 252:4',
    ],
    [
      'too many to name',
      [3, 4, 5, 6, 7].map((minor) => aDevice(`252:${minor}`)),
      'no such device or file open',
      undefined,
    ],
    ['none', [], 'no such device or file open', undefined],
    ['only files', [aFile('7')], 'no such device or file open', undefined],
  ])('QEMU holds %s', (_, open, holds, evidence) => {
    const [finding] = inspect([at('/dev/a', aDevice('252:9'))], { open });
    expect(finding).toMatchObject({
      state: 'problem',
      what: `the path leads to block device 252:9 in QEMU's mount namespace, but QEMU holds ${holds}`,
      remedy: doNotMigrate,
    });
    expect(finding?.evidence).toMatchObject({ device: '252:9' });
    expect(finding?.evidence?.open).toBe(evidence);
    expect(finding).not.toHaveProperty('plan');
  });

  test('the target of another disk is not offered as the right one', () => {
    const [, finding] = inspect([at('/dev/a', aDevice('252:3')), at('/dev/b', aDevice('252:9'))], {
      open: [aDevice('252:3'), aDevice('252:4')],
    });
    expect(finding?.what).toBe(
      "the path leads to block device 252:9 in QEMU's mount namespace, but QEMU holds block device 252:4 open",
    );
  });

  test('on the host alone', () => {
    const [finding] = inspect([
      { ...at('/dev/a', aDevice('252:3')), hostView: viewOf({ '/dev/a': aDevice('252:9') }) },
    ]);
    expect(finding?.what).toBe(
      'the path leads to block device 252:9 on the host, but QEMU holds no such device or file open',
    );
  });

  test('in the host’s mount namespace', () => {
    const [finding] = inspect([at('/dev/a', aDevice('252:9'))], { ownNamespace: false });
    expect(finding?.what).toBe(
      'the path leads to block device 252:9 on the host, but QEMU holds block device 252:3 open',
    );
  });
});

test('the two views lead to two devices, both of which QEMU holds', () => {
  const views = { ...at('/dev/a', aDevice('252:3')), hostView: viewOf({ '/dev/a': aDevice('252:4') }) };
  expect(inspect([views], { open: [aDevice('252:3'), aDevice('252:4')] })).toMatchObject([
    {
      state: 'problem',
      what: "the path leads to block device 252:4 on the host, but to block device 252:3 in QEMU's mount namespace",
      remedy: 'do not migrate: find out which is the right volume, and make both lead there',
    },
  ]);
});

describe('two disks on one device', () => {
  const one = at('/dev/a', aDevice('252:3'));
  const two = { ...at('/dev/b', aDevice('252:3')), source: { path: '/dev/b', disk: 'vdb' } };
  const states = (...sources: SourceViews[]): string[] => inspect(sources).map(({ state }) => state);

  test('are two problems', () => {
    expect(inspect([one, two])[0]).toMatchObject({
      state: 'problem',
      what: 'vda and vdb both lead to block device 252:3, so one of them is the wrong volume',
      remedy: 'do not migrate: find out which of the two paths is wrong',
    });
    expect(states(one, two)).toEqual(['problem', 'problem']);
  });

  test.each<[string, SourceViews['source']]>([
    ['when one is shareable', { shareable: true }],
    ['when one is read-only', { readonly: true }],
    ['when one is a node that QEMU reported', { role: 'node' }],
  ])('are not a problem %s', (_, source) => {
    expect(states(one, { ...two, source: { ...two.source, ...source } })).toEqual(['ok', 'ok']);
  });

  test('are not a problem when both have the same path', () => {
    expect(states(one, { ...one, source: { ...one.source, disk: 'vdb' } })).toEqual(['ok', 'ok']);
  });
});

test('the files that QEMU holds open cannot be read', () => {
  expect(
    inspect([at('/dev/a', aDevice('252:3'))], { open: { unknown: '/proc/1/fd: EACCES' } }),
  ).toMatchObject([
    {
      check: 'disk-device',
      state: 'unknown',
      what: 'what QEMU holds open cannot be read: /proc/1/fd: EACCES',
      remedy: 'run as root',
    },
  ]);
});
