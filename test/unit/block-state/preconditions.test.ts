import type { LogFacts } from '../../../src/block-state/model/judge';
import { readLog } from '../../../src/block-state/model/log-signatures';
import type { QemuAnswers } from '../../../src/hypervisor/model/qmp';
import { objection, objectionToCopy } from '../../../src/block-state/model/preconditions';
import { strategies } from '../../../src/core/remedy-name';
import { backend, memory } from '../../support/block-state-factories';

describe('objections', () => {
  const running: QemuAnswers = { status: 'running', migration: 'failed', inactiveNodes: undefined };
  const stuck = memory([backend('a', { stuck: true })]);
  const connection = memory([backend('a', { inactive: true, stuck: true }), backend('b', { stuck: true })]);
  const given = { job: undefined, memory: stuck, answers: running, libvirtState: 'running' };

  test.each(strategies)('%s may reset a stuck VM', (strategy) => {
    expect(objection(strategy, given)).toBeUndefined();
  });

  test.each(strategies)('%s is refused during a migration, whatever source reports it', (strategy) => {
    for (const active of [
      { ...given, job: 'migration out' },
      { ...given, answers: { ...running, migration: 'active' } },
      { ...given, answers: { ...running, status: 'finish-migrate' } },
      { ...given, memory: { ...stuck, migration: 'setup' } },
      { ...given, memory: { ...stuck, runState: 'postmigrate', migration: 'completed' } },
      { ...given, job: { unknown: 'EACCES' } },
    ]) {
      expect(objection(strategy, active)).toBeDefined();
    }
  });

  test.each([
    ['cont', { answers: { ...running, status: 'postmigrate' } }],
    ['suspend-resume', { libvirtState: 'paused', memory: { ...stuck, runState: 'postmigrate' } }],
  ] as const)('%s never starts a guest that was paused when its migration failed', (strategy, situation) => {
    expect(objection(strategy, { ...given, ...situation })?.what).toContain('would start it');
  });

  test('flags are never written while a root node is INACTIVE or unknown', () => {
    for (const strategy of ['memory', 'gdb'] as const) {
      expect(objection(strategy, { ...given, memory: connection })).toBeDefined();
      expect(objection(strategy, { ...given, memory: { unknown: 'no layout' } })).toBeDefined();
    }
    for (const strategy of ['cont', 'suspend-resume'] as const) {
      expect(objection(strategy, { ...given, memory: connection })).toBeUndefined();
    }
  });

  test('a paused guest is not started, whatever source reports it as paused', () => {
    const paused = { ...running, status: 'paused' };
    expect(objection('cont', { ...given, answers: paused })).toMatchObject({
      what: expect.stringContaining('would start it') as unknown,
    });
    expect(objection('suspend-resume', { ...given, libvirtState: 'paused' })).toBeDefined();
    expect(objection('suspend-resume', { ...given, memory: { ...stuck, runState: 'paused' } })).toBeDefined();
  });

  // QEMU 10 could activate the disks without starting the guest; but the mover that let it arrive paused may still
  // copy its disks.
  test.each(strategies)(
    '%s is refused for a guest that waits for its resume, whatever source reports it',
    (strategy) => {
      const paused = { ...running, status: 'paused', migration: 'completed' };
      for (const situation of [
        { ...given, answers: { ...paused, inactiveNodes: ['n'] }, memory: { unknown: 'no layout' } },
        { ...given, memory: { ...connection, runState: 'paused', migration: 'none' } },
        { ...given, memory: { ...connection, runState: 'postmigrate', migration: 'failed' } },
      ])
        expect(objection(strategy, situation)?.what).toMatch(
          /^the guest is \w+ and its disks are INACTIVE until/,
        );
    },
  );

  test('no source answers: that is not a refusal', () => {
    const silent = { unknown: 'libvirtd did not answer in time' };
    expect(objection('cont', { ...given, answers: silent })).toMatchObject({ code: 'undecided' });
    expect(objection('suspend-resume', { ...given, libvirtState: silent })).toMatchObject({
      code: 'undecided',
    });
    expect(objection('memory', { ...given, answers: silent })).toBeUndefined();
  });
});

describe('a copy that may own the disks', () => {
  const begun = '2024-02-20 09:46:40.000+0000: initiating migration\n';
  const kept = 'qemu_savevm_state_complete_precopy_non_iterable: bdrv_inactivate_all() failed (-1)\n';
  const judge = (text: string, more: Partial<LogFacts> = {}): unknown =>
    objectionToCopy({ ...readLog(text), since: 'its start', ...more }, 'one-1');

  test('is ruled out by a last migration in which QEMU kept its disks, and by none', () => {
    expect(judge('')).toBeUndefined();
    expect(judge(begun + kept)).toBeUndefined();
    expect(judge(begun + begun + kept, { gap: 'rotated' })).toBeUndefined();
  });

  test.each([
    ['a later migration whose end is not in the log', begun + kept + begun, {}],
    ['a log that does not go back far enough', '', { gap: 'rotated' }],
  ])('is not ruled out by %s', (_, text, more) => {
    expect(judge(text, more)).toMatchObject({
      code: 'undecided',
      what: expect.stringContaining('--destination') as unknown,
    });
  });

  const postcopy = '2024-02-20T09:46:41.938285Z qemu-system-x86_64: ';

  // QEMU up to 8.1 writes the first line for all failures to start post-copy, the last of which comes after the state
  // was sent.
  test.each([
    ['migration_iteration_run: postcopy failed to start', false],
    ['postcopy_start: Failed in bdrv_inactivate_all(): Operation not permitted', true],
  ])('%s: ruled out: %p', (text, isRuledOut) => {
    expect(judge(`${postcopy}${text}\n`) === undefined).toBe(isRuledOut);
  });

  test('is not ruled out by a log that cannot be read, and then prevents the remedies that take the disks back', () => {
    const copy = objectionToCopy({ unknown: 'EACCES' }, 'one-1');
    expect(copy).toMatchObject({ code: 'undecided' });
    const answers: QemuAnswers = { status: 'running', migration: 'failed', inactiveNodes: undefined };
    const given = {
      job: undefined,
      memory: memory([backend('a', { stuck: true })]),
      answers,
      libvirtState: 'running',
    };
    for (const strategy of ['cont', 'suspend-resume'] as const) {
      expect(objection(strategy, { ...given, copy })).toBe(copy);
    }
    for (const strategy of ['memory', 'gdb'] as const) {
      expect(objection(strategy, { ...given, copy })).toBeUndefined();
    }
  });
});
