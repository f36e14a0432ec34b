import fc from '../../support/seeded-fast-check';
import { monitoringLine, type ProbedVm } from '../../../src/opennebula/model/monitoring-attributes';
import { maxShortChars } from '../../../src/messages/message';
import { parseTemplate, readMonitoring, TemplateError } from '../../support/monitord';

const time = new Date('2024-03-05T03:12:09.345Z');
const safe: ProbedVm = {
  vmId: '310',
  deployId: '4dea22b3-1d52-4d6d-8d72-8e8a3c1b9d1f',
  verdict: 'safe',
  reason: '',
  blockState: 'healthy',
  affected: 'no',
};

test('a safe VM has every attribute, and an empty reason replaces an earlier one', () => {
  const attributes = readMonitoring(monitoringLine(safe, time)).get(310);
  expect(Object.fromEntries(attributes ?? [])).toEqual({
    MIGRATE_GUARD: 'safe',
    MIGRATE_GUARD_WHY: '',
    MIGRATE_GUARD_DISKS: 'healthy',
    MIGRATE_GUARD_QEMU: 'unaffected',
    MIGRATE_GUARD_TIME: '2024-03-05T03:12:09Z',
  });
});

test('the line has the form of OpenNebula’s own probe', () => {
  const line = monitoringLine(safe, time);
  expect(line).toMatch(/^VM = \[ ID="310", DEPLOY_ID="[0-9a-f-]{36}", MONITOR="[A-Za-z0-9+/]+=*" \]\n$/);
});

test('the lines of many VMs are next to the output of other probes', () => {
  const stock = `VM = [ ID="310", DEPLOY_ID="x", MONITOR="${Buffer.from('CPU="0.5"\nSTATE="a"\n').toString('base64')}" ]\n`;
  const blocked = {
    ...safe,
    vmId: '7',
    verdict: 'blocked',
    reason: 'vda: the path leads to another device',
  } as const;
  const read = readMonitoring(monitoringLine(blocked, time) + stock + monitoringLine(safe, time));
  expect([...read.keys()].sort()).toEqual([310, 7]);
  expect(read.get(310)?.get('CPU')).toBe('0.5');
  expect(read.get(310)?.get('MIGRATE_GUARD')).toBe('safe');
  expect(read.get(7)?.get('MIGRATE_GUARD_WHY')).toBe('vda: the path leads to another device');
});

test.each([
  'a "quoted" path',
  'it ends in a backslash \\',
  'two\nlines',
  'a ]]> in it',
  '[x] = #, ü',
  '\\" \\',
])('the reason %j has no effect on the rest', (reason) => {
  const read = readMonitoring(monitoringLine({ ...safe, verdict: 'undecided', reason }, time)).get(310);
  expect(read?.get('MIGRATE_GUARD_DISKS')).toBe('healthy');
  expect(read?.get('MIGRATE_GUARD_WHY')).toMatch(/^[\x20-\x7e]+$/);
});

test('a reason has at most as many characters as a short form', () => {
  const reason = `vda: ${'x'.repeat(200)}`;
  const why = readMonitoring(monitoringLine({ ...safe, reason }, time))
    .get(310)
    ?.get('MIGRATE_GUARD_WHY');
  expect(why).toBe(`vda: ${'x'.repeat(maxShortChars - 8)}...`);
});

test('the reader here is as strict as monitord: an unescaped text does break a message', () => {
  expect(() => parseTemplate('A="x ]]> y"\n')).toThrow(TemplateError);
  expect(() => parseTemplate('A="x\\"\nB="y"\n')).toThrow(TemplateError);
});

test('no reason changes other attributes, or makes the message unbounded', () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: fc.constantFrom('"', '\\', ']', '>', '[', '#', '\n', 'a', ' ') }),
  );
  fc.assert(
    fc.property(text, (reason) => {
      const line = monitoringLine({ ...safe, verdict: 'blocked', reason }, time);
      const read = readMonitoring(line + monitoringLine({ ...safe, vmId: '311' }, time));
      expect(read.get(310)?.get('MIGRATE_GUARD')).toBe('blocked');
      expect(read.get(310)?.size).toBe(5);
      expect(read.get(310)?.get('MIGRATE_GUARD_WHY')?.length).toBeLessThanOrEqual(maxShortChars);
      expect(read.get(311)?.get('MIGRATE_GUARD_TIME')).toBe('2024-03-05T03:12:09Z');
      expect(line.length).toBeLessThan(700);
    }),
  );
});
