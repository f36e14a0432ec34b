import { shortReasonOf, type Finding } from '../../../../src/core/finding';
import { diskAccess } from '../../../../src/disk-paths/checks/disk-access';
import { diskDevice } from '../../../../src/disk-paths/checks/disk-device';
import { diskPath } from '../../../../src/disk-paths/checks/disk-path';
import { destination } from '../../../../src/messages/destination';
import { diskOpen } from '../../../../src/messages/disk-open';
import { diskPaths } from '../../../../src/messages/disk-paths';
import { fillRow, shortOf, type MessageRow } from '../../../../src/messages/message';
import {
  aDevice,
  aFile,
  aLink,
  domainFacts,
  missing,
  sourceFacts,
  storpoolView,
  viewOf,
} from '../../../support/factories';

const ofDestination = Object.entries<MessageRow>(destination).filter(([id]) => id.startsWith('destination-'));
const ofDisks = [...Object.entries<MessageRow>({ ...diskPaths, ...diskOpen }), ...ofDestination];
const withShort = ofDisks.filter(([, { short }]) => short !== undefined);

test.each(withShort)('%s leaves room for the disk’s name', (_, row) => {
  const parts = ['failure', 'why', 'where'];
  const names = [...(row.short ?? '').matchAll(/\{([a-zA-Z]+)\}/g)].map(([, name = '']) => name);
  const valueOf = (name: string) =>
    parts.includes(name) ? { what: 'x'.repeat(200), short: 'its cause' } : 'y'.repeat(200);
  const filled = fillRow(row, Object.fromEntries(names.map((name) => [name, valueOf(name)])));
  expect(shortOf(filled).length).toBeLessThanOrEqual(60);
});

const byId = '/dev/storpool-byid/fir.b.f2g';
const reasonOf = (findings: readonly Finding[], verdict: 'blocked' | 'undecided' | 'repairable') =>
  shortReasonOf({ verdict, findings });

test('missing inside: what to do', () => {
  const facts = domainFacts({ sources: [sourceFacts({ qemuView: storpoolView({ [byId]: missing }) })] });
  expect(reasonOf(diskPath.inspect(facts), 'repairable')).toBe(
    'vda: its path is missing for QEMU; run migrate-guard repair',
  );
});

test('missing on the host, and a loop', () => {
  const hostView = storpoolView({ [byId]: missing });
  const gone = domainFacts({ sources: [sourceFacts({ hostView })] });
  expect(reasonOf(diskPath.inspect(gone), 'blocked')).toBe('vda: its path is missing on the host');
  const loop = sourceFacts({ hostView: viewOf({ '/a': aLink('a') }), source: { path: '/a' } });
  expect(reasonOf(diskPath.inspect(domainFacts({ sources: [loop] })), 'blocked')).toBe(
    'vda: its path is probably a loop of links on the host',
  );
});

test('storage that does not answer', () => {
  const error = `the storage at ${'/mnt'.repeat(20)} does not answer`;
  const qemuView = storpoolView({ [byId]: { kind: 'unreadable', error } });
  const facts = domainFacts({ sources: [sourceFacts({ qemuView })] });
  expect(reasonOf(diskPath.inspect(facts), 'undecided')).toBe(
    'vda: its path cannot be read (no answer) for QEMU',
  );
});

test('a path that may not be read', () => {
  const qemuView = storpoolView({ [byId]: { kind: 'unreadable', error: 'EIO' } });
  const facts = domainFacts({ sources: [sourceFacts({ qemuView })] });
  expect(reasonOf(diskPath.inspect(facts), 'undecided')).toBe('vda: its path cannot be read (EIO) for QEMU');
});

test('the only copy of a deleted file is named before the path', () => {
  const view = viewOf({ '/a/c': aFile('78') });
  const source = sourceFacts({ source: { path: '/a/b', type: 'file' }, hostView: view, qemuView: view });
  const open = [{ ...aFile('77'), deleted: { path: '/a/b', descriptor: 23 } }];
  expect(reasonOf(diskPath.inspect(domainFacts({ sources: [source], open })), 'blocked')).toBe(
    'vda: QEMU has its only copy, a deleted file; do not power off',
  );
});

test('another volume', () => {
  const view = viewOf({ '/x': aDevice('252:9') });
  const source = sourceFacts({ source: { path: '/x' }, hostView: view, qemuView: view });
  expect(reasonOf(diskDevice.inspect(domainFacts({ sources: [source] })), 'blocked')).toBe(
    'vda: its path leads to another volume than QEMU holds open',
  );
});

test('closed to the user of QEMU', () => {
  const access = { kind: 'refused', path: byId, why: { what: 'mode 0660, owner 0:6' } } as const;
  const facts = domainFacts({ sources: [{ ...sourceFacts(), access }] });
  expect(reasonOf(diskAccess.inspect(facts), 'blocked')).toBe(
    'vda: QEMU may not open it: mode 0660, owner 0:6',
  );
});
