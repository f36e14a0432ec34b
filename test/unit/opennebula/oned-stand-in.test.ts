import { aboutVm, failure, info, warning } from '../../../src/opennebula/model/vm-log';
import { errorAttribute, shownByOnevm, told, type Release, type ScriptRun } from '../../support/oned';

// How OpenNebula reads our output. The fake was compared with CommandManager.rb, DriverExecHelper.rb and
// ssh_stream.rb of 6.6.0, 7.2.0 and 7.4.0, run by Ruby 3.1: it does the same.

const releases = ['6.6', '7.2', '7.4'] as const;
const run = (release: Release, by: ScriptRun['by'], exit: number, stderr: string) =>
  told({ release, by, exit, stderr, stdout: 'ok', vmId: '310', command: '/x/migrate-guard' });

const repaired = info('repair: /dev/x made') + warning('one-310: the guest is paused');
const reason = { what: 'vda /a: it is gone', short: 'vda: its path is missing', remedy: 'make it' };
const refused = failure('one-310', reason, [info('repair: /dev/x made')]);
const command = '[I]: Command execution failed (exit code: 1): /x/migrate-guard';

test.each([
  ['6.6', 'local', [], []],
  [
    '7.2',
    'local',
    [],
    ['[I]: migrate-guard: repair: /dev/x made', '[W]: migrate-guard: one-310: the guest is paused'],
  ],
  [
    '6.6',
    'stream',
    [
      '[I]: migrate-guard: repair: /dev/x made',
      '[I]: WARN: migrate-guard: one-310: the guest is paused',
      '[I]: ExitCode: 0',
    ],
    [],
  ],
] as const)('%s, %s: after a success', (release, by, vmLog, elsewhere) => {
  expect(run(release, by, 0, repaired)).toEqual({ info: 'ok', vmLog, elsewhere });
});

test.each(['7.2', '7.4'] as const)(
  '%s: with the VM’s number the lines of a success are in its log, with the mover’s output',
  (release) => {
    const stderr = aboutVm(`rsync time 0.5s\n\n3 files\nERROR: no time\n${repaired}`, '310');
    expect(run(release, 'local', 0, stderr)).toEqual({
      info: 'ok',
      vmLog: [
        '[I]: rsync time 0.5s',
        '[I]: 3 files',
        '[E]: no time',
        '[I]: migrate-guard: repair: /dev/x made',
        '[W]: migrate-guard: one-310: the guest is paused',
      ],
      elsewhere: [],
    });
  },
);

test('without a number the lines are dropped', () => expect(aboutVm(repaired, 'x 1')).toBe(repaired));

test.each(releases)(
  '%s: after a failure the short reason is the VM’s ERROR, and the complete one is in its log',
  (release) => {
    const { info: reply, vmLog } = run(release, 'local', 1, refused);
    expect(errorAttribute('MIGRATE', reply)).toMatch(
      /^MIGRATE: migrate-guard: vda: its path is missing\.( INFO|$)/,
    );
    expect(vmLog).toEqual([
      command,
      '[I]: migrate-guard: vda: its path is missing.',
      '[I]: migrate-guard: repair: /dev/x made',
      '[E]: migrate-guard: one-310: vda /a: it is gone',
      '[E]: migrate-guard: -> make it',
    ]);
  },
);

test.each(releases)('%s: the longest reason is not cut', (release) => {
  const { info: reply } = run(release, 'local', 1, failure('one-310', { what: 'x', short: 's'.repeat(69) }));
  expect(errorAttribute('MIGRATE', reply)).toMatch(/^MIGRATE: migrate-guard: s{65}\.\.\.( ERROR|$)/);
});

test('a longer one is cut, at a byte; an empty one is not a reason', () => {
  expect(errorAttribute('SAVE', 'x'.repeat(94))).toBe(
    `SAVE: ${'x'.repeat(94)}... see more details in VM log`,
  );
  expect(errorAttribute('SAVE', 'x'.repeat(93))).toBe(`SAVE: ${'x'.repeat(93)}`);
  expect(errorAttribute('SAVE', '-')).toBeUndefined();
});

test('onevm show cuts the names of attributes in MONITORING after 20 characters since 7.0', () => {
  const name = 'MIGRATE_GUARD_BLOCK_STATE';
  expect(shownByOnevm(name, 'stuck', '7.4')).toBe('MIGRATE_GUARD_BLO...: stuck');
  expect(shownByOnevm(name, 'x', '6.6').startsWith(`${name}: x`)).toBe(true);
});
