import fc from '../../support/seeded-fast-check';
import { exitOf } from '../../../src/cli/print-reports';
import {
  shortReasonOf,
  verdictOf,
  verdicts,
  type DomainReport,
  type Finding,
} from '../../../src/core/finding';
import { readDomainReport } from '../../../src/core/report-json';

const finding = fc
  .record({
    check: fc.constant('disk-path'),
    what: fc.string(),
    state: fc.constantFrom('ok', 'problem', 'unknown'),
    plan: fc.constantFrom(undefined, []),
  })
  .map(({ plan, ...rest }): Finding => (rest.state === 'problem' && plan ? { ...rest, plan } : rest));

const of = (...states: readonly (Finding['state'] | 'mendable')[]) =>
  verdictOf(
    states.map((state) =>
      state === 'mendable'
        ? { check: 'c', what: '', state: 'problem', plan: [] }
        : { check: 'c', what: '', state },
    ),
  );

test.each([
  [of(), 'safe'],
  [of('ok', 'ok'), 'safe'],
  [of('ok', 'mendable'), 'repairable'],
  [of('mendable', 'unknown'), 'undecided'],
  [of('ok', 'unknown'), 'undecided'],
  [of('mendable', 'problem'), 'blocked'],
  [of('unknown', 'problem'), 'blocked'],
])('%#: %s', (verdict, expected) => {
  expect(verdict).toBe(expected);
});

test('an unknown is never safe, and never repairable', () => {
  fc.assert(
    fc.property(fc.array(finding), (findings) => {
      fc.pre(findings.some(({ state }) => state === 'unknown'));
      expect(['undecided', 'blocked']).toContain(verdictOf(findings));
    }),
  );
});

test('safe means that every finding is ok; the order of findings does not matter', () => {
  fc.assert(
    fc.property(fc.array(finding), (findings) => {
      expect(verdictOf(findings) === 'safe').toBe(findings.every(({ state }) => state === 'ok'));
      expect(verdictOf([...findings].reverse())).toBe(verdictOf(findings));
    }),
  );
});

test('the exit status is that of the worst verdict', () => {
  expect([exitOf([]), exitOf(['safe']), exitOf(['safe', 'repairable'])]).toEqual([0, 0, 1]);
  expect([exitOf(['repairable', 'undecided']), exitOf(['undecided', 'blocked', 'safe'])]).toEqual([2, 1]);
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...verdicts)), (all) => {
      expect(exitOf(all) === 0).toBe(all.every((verdict) => verdict === 'safe'));
    }),
  );
});

const long = `/dev/storpool-byid/${'f'.repeat(90)} is missing in QEMU's mount namespace`;

test('the short reason names the disk and no path', () => {
  const path = '/var/lib/one//datastores/0/310/disk.0';
  const problem = { check: 'disk-path', state: 'problem', disk: 'vda', path, what: long } as const;
  const reason = (found: Finding) => shortReasonOf({ verdict: 'blocked', findings: [found] });
  expect(reason({ ...problem, short: 'its path is missing for QEMU' })).toBe(
    'vda: its path is missing for QEMU',
  );
  expect(reason({ check: 'domain', state: 'problem', what: 'QEMU is gone' })).toBe('QEMU is gone');
  expect(shortReasonOf({ verdict: 'safe', findings: [{ ...problem, state: 'ok' }] })).toBe('');
});

test('the short reason fits into the remaining 69 characters, whatever a finding says', () => {
  const findings: Finding[] = [{ check: 'disk-path', state: 'unknown', disk: 'vda', what: long }];
  expect(shortReasonOf({ verdict: 'undecided', findings })).toMatch(/^vda: .{63}…$/);
});

test('a report that was read from JSON keeps the short forms of its findings', () => {
  const found = { check: 'disk-path', state: 'problem', what: long, short: 'its path is missing' } as const;
  const given: DomainReport = {
    domain: 'one-310',
    pid: 7,
    verdict: 'blocked',
    blockState: 'healthy',
    findings: [found],
    plan: [],
  };
  expect(readDomainReport(JSON.parse(JSON.stringify(given)))).toEqual(given);
});
