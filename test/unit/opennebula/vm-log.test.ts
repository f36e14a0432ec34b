import type { Reason } from '../../../src/core/errors';
import { failure, info, maxReasonChars } from '../../../src/opennebula/model/vm-log';

const uuid = '0F6E0C1D-8f4b-4b1c-9d1a-2b5a7c3e9f10';
const host = `${'k'.repeat(63)}.${'v'.repeat(63)}.${'m'.repeat(63)}.${'e'.repeat(61)}`;
const path = `/${'p'.repeat(4094)}`;
const whole = `vda ${path}: it leads to another device than ${uuid} holds open on ${host}`;

/** The VM's ERROR, as OpenNebula 7 makes it: all lines without a severity. */
function plainLines(stderr: string): string[] {
  return stderr.split('\n').filter((line) => !/^((ERROR|INFO|WARN|DEBUG):|$)/.test(line));
}

test.each<[string, Reason]>([
  ['a short form', { what: whole, short: 'vda: its path leads to another device' }],
  ['none, from an agent of an earlier release', { what: whole }],
  ['none, and a UUID first', { what: `${uuid} does not run on ${host}` }],
  ['one that is as long as it may be', { what: whole, short: 's'.repeat(69) }],
  ['one that was cut', { what: whole, short: `${'s'.repeat(68)}…` }],
  ['letters of more than one byte', { what: whole, short: 'é’'.repeat(40) }],
])('with the longest names, and %s: one plain line that oned does not cut', (_, reason) => {
  const [line = '', ...others] = plainLines(failure(uuid, { ...reason, remedy: `look at ${path}` }));
  const told = line.replace('migrate-guard: ', '');
  expect([others, line.length - told.length]).toEqual([[], 15]);
  expect(told.length).toBeLessThanOrEqual(maxReasonChars);
  // std::string::substr counts bytes, and a truncated character is invalid in XML.
  expect(Buffer.byteLength(told)).toBe(told.length);
  expect(told.toLowerCase()).not.toContain(uuid.toLowerCase());
  expect(told).toMatch(/[.!?]$/);
});

test('the short reason comes first, where OpenNebula 6 joins all lines; the complete one and the remedy last', () => {
  const done = [info('repair: /dev/x made')];
  expect(failure('one-310', { what: 'vda /a: gone', short: 'vda: gone', remedy: 'make it' }, done)).toBe(
    [
      'migrate-guard: vda: gone.',
      'INFO: migrate-guard: repair: /dev/x made',
      'ERROR: migrate-guard: one-310: vda /a: gone',
      'ERROR: migrate-guard: -> make it\n',
    ].join('\n'),
  );
});
