import fc from '../../support/seeded-fast-check';
import { describeGuardsNotRun, guardsNotRun } from '../../../src/opennebula/model/guards-not-run';
import {
  bounded,
  describeEntry,
  isWarning,
  isWorthReporting,
  readEntry,
} from '../../../src/opennebula/model/record';
import { aRecordEntry } from '../../support/factories';

test.each([
  [aRecordEntry(), 'migrate, kvm1 to kvm2: done', false, false],
  [
    aRecordEntry({ action: 'save', destination: null, did: ['repair: x'] }),
    'save, on kvm1: done: repair: x',
    true,
    false,
  ],
  [aRecordEntry({ mode: 'warn' }), 'migrate, kvm1 to kvm2: done', true, false],
  [
    aRecordEntry({ result: 'refused', exit: 1, errors: ['no'], did: ['a'] }),
    'migrate, kvm1 to kvm2: refused (exit 1): no: a',
    true,
    true,
  ],
  [
    aRecordEntry({ guard: 'could-not-run', why: 'no Node', result: null, exit: null }),
    'migrate, kvm1 to kvm2: started: the guard could not run: no Node',
    true,
    true,
  ],
  [
    aRecordEntry({
      guard: 'could-not-run',
      why: 'no Node',
      warnings: ['the guard cannot run: no Node; it was moved without'],
    }),
    'migrate, kvm1 to kvm2: done: the guard cannot run: no Node; it was moved without',
    true,
    true,
  ],
])('%# as one line, and whether it is new or a warning', (entry, words, isNews, warns) => {
  expect([describeEntry(entry), isWorthReporting(entry), isWarning(entry)]).toEqual([words, isNews, warns]);
});

const text = fc.string({ unit: 'binary', maxLength: 700 });

test('whatever other programs print, an entry is bounded, one line, and the same after it is read again', () => {
  fc.assert(
    fc.property(fc.array(text, { maxLength: 80 }), text, (lines, word) => {
      const entry = bounded(
        aRecordEntry({ did: lines, warnings: lines, why: word, domain: word, source: word }),
      );
      expect(entry.did.length).toBeLessThanOrEqual(51);
      for (const said of [...entry.did, entry.why ?? '', entry.domain])
        expect(said.length).toBeLessThanOrEqual(500);
      expect(readEntry(JSON.parse(JSON.stringify(entry)))).toEqual(entry);
      expect(describeEntry(entry)).not.toMatch(/[\n\r\u2028]/);
    }),
  );
});

test.each([
  null,
  1,
  'x',
  [],
  {},
  { ...aRecordEntry(), guard: 'perhaps' },
  { ...aRecordEntry(), time: 'soon' },
  { ...aRecordEntry(), vmId: '310' },
])('%j is not an entry', (value) => expect(readEntry(value)).toBeUndefined());

describe('guards that could not run', () => {
  const now = new Date('2026-11-22T12:00:00.000Z');
  const at = (time: string, more: object = {}) =>
    aRecordEntry({ guard: 'could-not-run', why: 'x', time: `2026-11-${time}:00.000Z`, ...more });

  test('are counted for each host, for a week, in any order', () => {
    const notRun = [
      at('22T02:00', { why: 'last' }),
      at('14T12:00'),
      at('15T12:01'),
      at('22T01:00', { source: 'kvm9' }),
    ];
    expect(guardsNotRun(notRun, [], now)).toEqual([
      {
        host: 'kvm1',
        count: 2,
        since: '2026-11-15T12:01:00.000Z',
        last: '2026-11-22T02:00:00.000Z',
        why: 'last',
        ranSince: null,
      },
      expect.objectContaining({ host: 'kvm9', count: 1 }),
    ]);
  });

  test('and one that has run there since ends that; on another host it does not', () => {
    const ran = (time: string, more: object = {}) => at(time, { guard: 'ran', why: null, ...more });
    const others = [ran('22T01:59'), ran('22T03:00', { source: 'kvm9' }), ran('22T04:00', { guard: 'off' })];
    const notRun = [at('22T02:00')];
    expect(guardsNotRun(notRun, others, now)).toMatchObject([{ ranSince: null }]);
    const [mended] = guardsNotRun(notRun, [...others, ran('22T02:01')], now);
    expect(mended && describeGuardsNotRun(mended)).toMatchObject({
      what: 'kvm1: a guard could not run at 2026-11-22 02:00 UTC: x; one has run there again at 2026-11-22 02:01 UTC',
      remedy: 'migrate-guard doctor --host kvm1',
    });
  });
});
