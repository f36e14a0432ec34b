import type { Finding } from '../../../src/core/finding';
import { contradicts, notOffered, type OrderCell, troublesAfterRepair } from '../../releases/results';

interface Run {
  readonly releases: readonly string[];
  readonly files: readonly string[];
  readonly gates: boolean;
  readonly whole: boolean;
}

interface Releases {
  readonly namedReleases: (names: readonly string[], patterns: readonly string[]) => string[];
  readonly releaseRuns: (run: object, how: { named: readonly string[]; whole: boolean }) => Run[];
  readonly keptResults: (files: readonly string[], outcome: object) => string[];
}

const { namedReleases, releaseRuns, keptResults } = jest.requireActual<Releases>(
  '../../../setup/test-runner/releases.cjs',
);

test('npm test runs a selection on the newest stable release', () => {
  expect(releaseRuns({}, { named: [], whole: false })).toEqual([
    { releases: ['trixie'], files: ['releases/trixie'], gates: true, whole: false },
  ]);
});

test('the tier alone, or --all, runs every stable release, and moves between two of them', () => {
  const stable = ['bullseye', 'bookworm', 'trixie'];
  const files = [...stable, 'upgrade'].map((name) => `releases/${name}`);
  expect(releaseRuns({}, { named: [], whole: true })).toEqual([
    { releases: stable, files, gates: true, whole: true },
  ]);
});

test('forky makes nothing fail, and runs only when it is named', () => {
  const runs = releaseRuns({}, { named: ['trixie', 'forky'], whole: true });
  expect(runs.map(({ releases, gates }) => [releases, gates])).toEqual([
    [['trixie'], true],
    [['forky'], false],
  ]);
  expect(namedReleases([], ['test/releases/forky.test.ts'])).toEqual(['forky']);
});

test.each([
  ['that passed', 0, [], ['bookworm.json', 'upgrade.json']],
  ['one of whose files failed', 1, ['test/releases/bookworm.test.ts'], ['upgrade.json']],
  ['that failed without a failed test', 1, [], []],
])('the results that a run %s leaves', (_, failed, files, kept) => {
  const outcome = { sums: { passed: 9, failed, skipped: 0 }, failures: files.map((file) => ({ file })) };
  expect(keptResults(['bookworm.json', 'upgrade.json'], outcome)).toEqual(kept);
});

const cell = (verdict: OrderCell['verdict'], really: OrderCell['really']): OrderCell => ({
  disks: 'raw',
  missing: 'link',
  order: 'save',
  verdict,
  deep: verdict,
  really,
});

test.each([
  [cell('safe', 'fails'), true],
  [cell('safe', 'succeeds, but the next live migration fails'), true],
  [cell('blocked', 'succeeds'), true],
  [cell('undecided', 'succeeds'), true],
  [{ ...cell('repairable', 'fails'), deep: 'safe' as const }, true],
  [{ ...cell('repairable', 'succeeds'), deep: 'safe' as const }, false],
  [{ ...cell('repairable', 'fails'), repaired: 'fails' as const }, true],
  [{ ...cell('repairable', 'fails'), repaired: 'succeeds' as const }, false],
  [cell('repairable', 'succeeds'), false],
  [cell('safe', 'succeeds'), false],
  [cell('blocked', 'fails'), false],
  [cell('safe', notOffered), false],
])('%j contradicts its verdict: %s', (each, expected) => {
  expect(contradicts([each])).toEqual(expected ? [each] : []);
});

const finding = (check: string, state: Finding['state']): Finding => ({ check, state, what: '' });

test.each([
  [finding('disk-path', 'ok'), 'fails', false],
  [finding('block-state', 'ok'), 'succeeds', false],
  [finding('block-state', 'unknown'), 'fails', false],
  [finding('block-state', 'unknown'), 'succeeds, but the next live migration fails', false],
  [finding('block-state', 'unknown'), 'succeeds', true],
  [finding('block-state', 'problem'), 'fails', true],
  [finding('disk-path', 'unknown'), 'fails', true],
  [finding('disk-open', 'problem'), 'fails', true],
] as const)('%j after a repair of an order that %s is a trouble: %s', (each, really, expected) => {
  expect(troublesAfterRepair([each], really)).toEqual(expected ? [each] : []);
});
