import { sameTarget, type Entry, type View } from '../../../src/file-tree/model/entry';
import type { DomainFacts, SourceFacts } from '../../../src/disk-paths/model/facts';
import { planWithNeighbours } from '../../../src/disk-paths/model/plan-with-neighbours';
import { mergePlans, planSource, type Plan, type PlanInput } from '../../../src/disk-paths/model/plan';
import type { Step } from '../../../src/core/repair-step';
import { resolvePath } from '../../../src/file-tree/model/walk';
import fc from '../../support/seeded-fast-check';
import {
  aDevice,
  aDirectory,
  aFile,
  aLink,
  diskLink,
  diskPath,
  domainFacts,
  missing,
  mountAt,
  qemuMounts,
  sourceFacts,
  storpoolView,
  viewOf,
} from '../../support/factories';

const byId = '/dev/storpool-byid/fir.b.f2g';

function input(hostView: View, qemuView: View, path = diskPath): PlanInput {
  const { host, namespace, inside } = sourceFacts({ hostView, qemuView, source: { path } });
  const free = { whyKept: () => undefined };
  return { host, namespace, inside: inside ?? [], mounts: qemuMounts, ownNamespace: true, ...free };
}

function plan(
  qemu: Readonly<Record<string, Entry>>,
  host: Readonly<Record<string, Entry>> = {},
  changes: Partial<PlanInput> = {},
): Plan {
  return planSource({ ...input(storpoolView(host), storpoolView(qemu)), ...changes });
}

/** The namespace's entries after the steps. */
function after(view: View, steps: readonly Step[]): View {
  const made = new Map(
    steps.map((step): [string, Entry] => {
      switch (step.step) {
        case 'make-directory':
          return [step.path, aDirectory()];
        case 'make-node':
        case 'replace-node':
          return [step.path, aDevice(step.device)];
        default:
          return [step.path, aLink(step.target)];
      }
    }),
  );
  return (path) => made.get(path) ?? view(path);
}

test.each([
  ['is made where the namespace has the file system of the file', '8:1', ['make-directory', 'make-symlink']],
  ['is refused where something else is mounted there', '8:99', undefined],
])('a link below /dev that leads to a file %s', (_, fileSystem, made) => {
  const files = {
    '/srv': aDirectory(),
    '/srv/one': aDirectory(),
    '/srv/one/310.raw': aFile('15', fileSystem),
  };
  const host = storpoolView({
    ...files,
    [diskLink]: aLink('/dev/byid/f'),
    '/dev/byid': aDirectory(),
    '/dev/byid/f': aLink('/srv/one/310.raw'),
  });
  const qemu = storpoolView({ ...files, [diskLink]: aLink('/dev/byid/f') });
  const inside = ['/dev/byid', '/dev/byid/f'].map((path) => ({ path, entry: missing }));
  const planned = planSource({ ...input(host, qemu), inside });
  expect('steps' in planned ? planned.steps.map(({ step }) => step) : undefined).toEqual(made);
});

describe('planned steps', () => {
  const link = { mode: 0o777, uid: 0, gid: 0 };

  test('all missing entries, in the order of the path, with the host’s owners and modes', () => {
    const device = aDevice('252:3', { mode: 0o640, uid: 1, gid: 6 });
    const gone = { '/dev/storpool-byid': missing, [byId]: missing, '/dev/sp-3': missing };
    const host = { '/dev/storpool-byid': aDirectory({ mode: 0o750, uid: 3, gid: 4 }), '/dev/sp-3': device };
    expect(plan(gone, host)).toEqual({
      steps: [
        { step: 'make-directory', path: '/dev/storpool-byid', mode: 0o750, uid: 3, gid: 4 },
        { step: 'make-symlink', path: byId, target: '../sp-3', ...link },
        { step: 'make-node', path: '/dev/sp-3', device: '252:3', mode: 0o640, uid: 1, gid: 6 },
      ],
    });
  });

  test('a directory and a link that occur twice on the path are created once', () => {
    const host = viewOf({
      [diskLink]: aLink('/dev/disk/by-id/scsi-1'),
      '/dev/disk/by-id/scsi-1': aLink('/dev/disk/by-uuid/u-1'),
      '/dev/disk/by-uuid/u-1': aLink('../../sp-3'),
      '/dev/sp-3': aDevice('252:3'),
    });
    const qemu = viewOf({ [diskLink]: aLink('/dev/disk/by-id/scsi-1'), '/dev/sp-3': aDevice('252:3') });
    const made = planSource(input(host, qemu));
    expect('steps' in made && made.steps.map(({ step, path }) => [step, path])).toEqual([
      ['make-directory', '/dev/disk'],
      ['make-directory', '/dev/disk/by-id'],
      ['make-symlink', '/dev/disk/by-id/scsi-1'],
      ['make-directory', '/dev/disk/by-uuid'],
      ['make-symlink', '/dev/disk/by-uuid/u-1'],
    ]);
  });

  test('a node like the existing one inside', () => {
    const sibling = { path: '/dev/loop7', mode: 0o600, uid: 9869, gid: 9869 };
    expect(plan({ '/dev/sp-3': missing }, {}, { sibling })).toEqual({
      steps: [
        {
          step: 'make-node',
          path: '/dev/sp-3',
          device: '252:3',
          like: '/dev/loop7',
          mode: 0o600,
          uid: 9869,
          gid: 9869,
        },
      ],
    });
  });

  test('a link that leads elsewhere is replaced, and the step names its old target', () => {
    expect(plan({ [byId]: aLink('../sp-2') })).toEqual({
      steps: [{ step: 'replace-symlink', path: byId, target: '../sp-3', was: '../sp-2', ...link }],
    });
  });

  test('a node of another device that is in use is kept; another one is replaced (OpenNebula#1703)', () => {
    const qemuView = storpoolView({ [byId]: missing, '/dev/sp-3': aDevice('252:9') });
    const dead = sourceFacts({ qemuView });
    const planned = (open: DomainFacts['open'], ...others: SourceFacts[]): Plan =>
      planWithNeighbours(dead, domainFacts({ sources: [dead, ...others], open }));
    expect(planned([aDevice('252:3')])).toMatchObject({
      steps: [
        { step: 'make-symlink', path: byId },
        { step: 'replace-node', path: '/dev/sp-3', device: '252:3', was: '252:9' },
      ],
    });
    const used = sourceFacts({ source: { disk: 'vdb', path: '/dev/sp-3' }, qemuView });
    const kept = (why: string): object => ({
      what: `/dev/sp-3 is block device 252:9 in QEMU's mount namespace, ${why}, but block device 252:3 on the host`,
    });
    expect(planned([aDevice('252:3')], used)).toMatchObject(kept('to which the path of vdb leads'));
    expect(planned([aDevice('252:9')])).toMatchObject(kept('which QEMU holds open'));
    expect(planned({ unknown: 'EIO' })).toMatchObject(kept('which QEMU may hold open'));
  });

  test('a link in libvirt’s notation is kept', () => {
    expect(plan({ [byId]: aLink('/dev/storpool-byid/../sp-3'), '/dev/sp-3': missing })).toMatchObject({
      steps: [{ step: 'make-node', path: '/dev/sp-3' }],
    });
  });
});

describe('refused plans', () => {
  const inQemu = "in QEMU's mount namespace";

  test.each<[string, Plan, string]>([
    [
      'the host’s mount namespace',
      plan({}, {}, { ownNamespace: false }),
      'QEMU shares the mount namespace of the host',
    ],
    [
      'a path that does not resolve on the host',
      plan({}, { [byId]: missing }),
      'the path does not resolve on the host',
    ],
    [
      'a separate mount',
      plan({ [byId]: missing }, {}, { mounts: [...qemuMounts, mountAt('/dev/storpool-byid')] }),
      `/dev/storpool-byid lies in /dev/storpool-byid, a mount of its own ${inQemu}`,
    ],
    [
      'what cannot be read',
      plan({ [byId]: { kind: 'unreadable', error: 'EIO' } }),
      `${byId} ${inQemu} cannot be read: EIO`,
    ],
    [
      'a directory where the link belongs',
      plan({ [byId]: aDirectory() }),
      `${byId} is a directory ${inQemu}, but a link on the host`,
    ],
    [
      'a file where the directory belongs',
      plan({ '/dev/storpool-byid': aFile('7') }),
      `/dev/storpool-byid is a regular file ${inQemu}, but a directory on the host`,
    ],
    [
      'a link where the device belongs',
      plan({ '/dev/sp-3': aLink('x') }),
      `/dev/sp-3 is a link to x ${inQemu}, but block device 252:3 on the host`,
    ],
    [
      'a file below /dev',
      plan({ '/dev/sp-3': missing }, { '/dev/sp-3': aFile('7') }),
      '/dev/sp-3 on the host is neither a directory, a link nor a block device',
    ],
    ['nothing to do', plan({}), `the path of the host cannot be made in QEMU's mount namespace`],
    [
      'a path that leads from /dev to an entry that was not read',
      plan({ [byId]: missing }, { [byId]: aLink('/srv/sp-3'), '/srv/sp-3': aLink('/dev/sp-3') }),
      `the path of the host cannot be made in QEMU's mount namespace`,
    ],
  ])('%s', (_, refused, refusal) => {
    expect(refused).toMatchObject({ code: 'problem', what: refusal });
  });
});

describe('targets of a link', () => {
  test.each([
    ['../sp-3', '/dev/a/../sp-3', true],
    ['../sp-3', '/dev/sp-3', true],
    ['./../sp-3', '..//sp-3', true],
    ['../sp-3', '../sp-4', false],
    ['../sp-3', 'sp-3', false],
  ])('%s and %s of /dev/a/l are the same: %s', (one, other, expected) => {
    expect(sameTarget('/dev/a/l', one, other)).toBe(expected);
  });
});

const names = ['a', 'b', 'c', 'd'];
const paths = ['/dev', '/dev/x', '/dev/y'].flatMap((directory) =>
  names.map((name) => `${directory}/${name}`),
);
const leaf = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .constantFrom(...paths, ...names, ...names.map((name) => `../${name}`))
      .map((to) => aLink(to)),
  },
  { weight: 3, arbitrary: fc.constantFrom('1:1', '1:2').map((device) => aDevice(device)) },
  { weight: 1, arbitrary: fc.constant(missing) },
);
const tree = fc.dictionary(fc.constantFrom(...paths), leaf, { minKeys: 3 });

test('any plan, and all plans of a domain together, lead every disk to the device of the host', () => {
  let planned = 0;
  fc.assert(
    fc.property(
      tree,
      fc.uniqueArray(fc.constantFrom(...paths)),
      tree,
      fc.uniqueArray(fc.constantFrom(...paths), { minLength: 1, maxLength: 3 }),
      (host, gone, changed, disks) => {
        const inQemu = {
          ...host,
          ...Object.fromEntries(gone.map((path) => [path, changed[path] ?? missing])),
        };
        const [hostView, qemuView] = [viewOf(host), viewOf(inQemu)];
        const plans = disks.flatMap((path) => {
          const made = planSource(input(hostView, qemuView, path));
          return 'steps' in made ? [{ path, steps: made.steps }] : [];
        });
        const together = mergePlans(plans.map(({ steps }) => steps));
        for (const { path, steps } of plans) {
          planned += 1;
          const end = resolvePath(hostView, path).end;
          for (const view of [after(qemuView, steps), after(qemuView, together)]) {
            expect(resolvePath(view, path).end).toMatchObject({ kind: 'found', entry: { kind: 'block' } });
            expect(resolvePath(view, path).end).toMatchObject(
              end.kind === 'found' && 'device' in end.entry ? { entry: { device: end.entry.device } } : {},
            );
          }
          expect(new Set(together.map((step) => step.path)).size).toBe(together.length);
          expect(together.every((step) => step.path.startsWith('/dev/'))).toBe(true);
        }
      },
    ),
    { numRuns: 2000 },
  );
  expect(planned).toBeGreaterThan(100);
});
