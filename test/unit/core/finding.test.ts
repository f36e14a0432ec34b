import fc from '../../support/seeded-fast-check';
import { exitOf } from '../../../src/cli/print-reports';
import { verdictOf, verdicts, type Finding } from '../../../src/core/finding';

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

test('what is unknown is never safe, and never repairable', () => {
  fc.assert(
    fc.property(fc.array(finding), (findings) => {
      fc.pre(findings.some(({ state }) => state === 'unknown'));
      expect(['undecided', 'blocked']).toContain(verdictOf(findings));
    }),
  );
});

test('safe means that every finding is ok; the order of findings decides nothing', () => {
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
