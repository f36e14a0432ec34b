import { judgeLog, judgeMemory, type LogFacts, type QemuAnswers } from '../../../src/core/block-state';
import { readLog, sinceStart } from '../../../src/core/log-signatures';
import { checkLayout, parseLayout } from '../../../src/core/qemu-layout';
import { parseReply, readAnswers } from '../../../src/core/qmp';
import { parseJob } from '../../../src/core/libvirt-job';
import { objection, objectionToCopy } from '../../../src/core/reset-plan';
import { strategies } from '../../../src/core/strategy';
import { backend, layout, memory } from './factories';

describe('by memory', () => {
  test.each([
    ['healthy', [backend('a'), backend('b')]],
    ['stuck', [backend('a'), backend('b', { stuck: true })]],
    ['half-inactive', [backend('a', { inactive: true, stuck: true }), backend('b', { stuck: true })]],
    ['half-inactive', [backend('a', { stuck: true }), backend('b', { inactive: true })]],
    ['healthy', [backend('cd', { stuck: true, medium: false })]],
    ['healthy', []],
  ] as const)('%s', (blockState, backends) => {
    expect(judgeMemory(memory(backends), 'one-310')).toMatchObject({ blockState });
  });

  test.each(['finish-migrate', 'postmigrate', 'inmigrate'])(
    '%s is neither healthy nor broken',
    (runState) => {
      const all = [backend('a', { inactive: true, stuck: true })];
      expect(judgeMemory(memory(all, { runState }), 'one-310')).toMatchObject({ blockState: 'unknown' });
    },
  );

  test('a paused guest with INACTIVE disks is not started, but the way out is told', () => {
    const judged = judgeMemory(memory([backend('a', { inactive: true })], { runState: 'paused' }), 'one-310');
    expect(judged.blockState).toBe('half-inactive');
    expect(judged.findings[0]?.remedy).toContain('virsh resume one-310');
  });
});

describe('the log', () => {
  const start = '2024-02-20 09:00:00.000+0000: starting up libvirt version: 8.0.0, qemu version: 6.2.0\n';
  const said = (text: string): string => `2024-02-20T09:46:41.938285Z qemu-kvm-one: ${text}\n`;

  test.each([
    [
      'qemu_savevm_state_complete_precopy_non_iterable: bdrv_inactivate_all() failed (-1)',
      'inactivate-failed',
    ],
    ['qemu_savevm_state_complete_precopy: bdrv_inactivate_all() failed (-1)', 'inactivate-failed'],
    ['migration_block_inactivate: bdrv_inactivate_all() failed: -1', 'inactivate-failed'],
    ['Block inactivate failed during switchover', 'inactivate-failed'],
    ['Failed to get "write" lock', 'activate-failed'],
    ["Could not open '/var/lib/one//datastores/0/310/disk.0': No such file or directory", 'activate-failed'],
  ])('knows: %s', (text, meaning) => {
    expect(readLog(said(text)).signatures).toMatchObject([{ meaning }]);
  });

  test('begins with the last start, and ends with an end', () => {
    expect(sinceStart(`${start}old\n${start}new\n`)).toMatchObject({
      text: 'new\n',
      at: new Date('2024-02-20T09:00:00Z'),
    });
    expect(sinceStart('no start at all\n')).toBeUndefined();
    expect(
      sinceStart(`${start}x\n2024-02-20 10:00:00.000+0000: shutting down, reason=destroyed\n`),
    ).toBeUndefined();
  });

  test('other complaints of QEMU are noted, and what is none is not', () => {
    const text =
      said('something new failed') +
      said('-chardev pty,id=c: char device redirected to /dev/pts/3') +
      'LC_ALL=C \\\n';
    expect(readLog(text)).toMatchObject({
      signatures: [],
      complaints: [expect.stringContaining('something new') as unknown],
    });
  });

  const log = (more: Partial<LogFacts> = {}): LogFacts => ({
    signatures: [],
    complaints: [],
    since: 'its start',
    ...more,
  });
  const answers = (more: Partial<QemuAnswers> = {}): QemuAnswers => ({
    status: 'running',
    migration: 'failed',
    inactiveNodes: undefined,
    ...more,
  });
  const failure = [{ meaning: 'inactivate-failed' as const, line: 'bdrv_inactivate_all() failed (-1)' }];

  test.each([
    ['whole and silent', log(), undefined, 'healthy'],
    ['a failure', log({ signatures: failure }), answers(), 'unknown'],
    [
      'a failure, and nobody answers',
      log({ signatures: failure }),
      { unknown: 'libvirtd did not answer' },
      'unknown',
    ],
    [
      'a failure, but all nodes active (QEMU 10)',
      log({ signatures: failure }),
      answers({ inactiveNodes: [] }),
      'healthy',
    ],
    [
      'a failure, and nodes inactive (QEMU 10)',
      log({ signatures: failure }),
      answers({ inactiveNodes: ['n'] }),
      'half-inactive',
    ],
    ['not whole', log({ gap: 'rotated' }), answers(), 'unknown'],
    [
      'not whole, but never a migration',
      log({ gap: 'rotated' }),
      answers({ migration: undefined }),
      'healthy',
    ],
    ['unreadable', { unknown: 'EACCES' }, answers(), 'unknown'],
    ['unreadable, and nobody answers', { unknown: 'EACCES' }, { unknown: 'no' }, 'unknown'],
    ['an unknown complaint and a failed migration', log({ complaints: ['x'] }), answers(), 'unknown'],
    [
      'an unknown complaint and no failed migration',
      log({ complaints: ['x'] }),
      answers({ migration: 'cancelled' }),
      'healthy',
    ],
    ['an unknown complaint, and nobody answers', log({ complaints: ['x'] }), { unknown: 'no' }, 'unknown'],
    ['silent, but handing over', log(), answers({ status: 'finish-migrate' }), 'unknown'],
  ])('%s', (_, facts, told, blockState) => {
    expect(judgeLog(facts, told, 'one-310', 'no layout')).toMatchObject({ blockState });
  });
});

describe('what QEMU answers', () => {
  const reply = (value: unknown): ReturnType<typeof parseReply> => parseReply(JSON.stringify(value));
  const status = reply({ return: { status: 'running', running: true } });

  test('QEMU before 10 does not tell active, QEMU 10 does', () => {
    const old = reply({ return: [{ 'node-name': 'n', drv: 'raw' }] });
    expect(readAnswers(status, reply({ return: {} }), old)).toEqual({
      status: 'running',
      migration: undefined,
      inactiveNodes: undefined,
    });
    const recent = reply({
      return: [
        { 'node-name': 'n', active: true },
        { 'node-name': 'm', active: false },
      ],
    });
    expect(readAnswers(status, reply({ return: { status: 'failed' } }), recent)).toMatchObject({
      migration: 'failed',
      inactiveNodes: ['m'],
    });
  });

  test('an error, or nonsense, is no answer', () => {
    const ejected = reply({ error: { class: 'GenericError', desc: 'Block device n is ejected' } });
    expect(readAnswers(status, reply({ return: {} }), ejected)).toMatchObject({
      unknown: expect.stringContaining('ejected') as unknown,
    });
    expect(parseReply('nonsense')).toHaveProperty('unknown');
    expect(parseReply('{}')).toHaveProperty('unknown');
  });

  test('libvirt’s job', () => {
    expect(parseJob("<domstatus><job type='none' async='migration out' phase='perform3'/></domstatus>")).toBe(
      'migration out',
    );
    expect(parseJob("<domstatus><job type='none' async='none'/></domstatus>")).toBeUndefined();
    expect(parseJob('<domstatus')).toHaveProperty('unknown');
  });
});

describe('objections', () => {
  const running: QemuAnswers = { status: 'running', migration: 'failed', inactiveNodes: undefined };
  const stuck = memory([backend('a', { stuck: true })]);
  const half = memory([backend('a', { inactive: true, stuck: true }), backend('b', { stuck: true })]);
  const given = { job: undefined, memory: stuck, answers: running, libvirtState: 'running' };

  test.each(strategies)('%s may heal a stuck VM', (strategy) => {
    expect(objection(strategy, given)).toBeUndefined();
  });

  test.each(strategies)('%s keeps away from a migration, whoever tells of it', (strategy) => {
    for (const active of [
      { ...given, job: 'migration out' },
      { ...given, answers: { ...running, migration: 'active' } },
      { ...given, answers: { ...running, status: 'finish-migrate' } },
      { ...given, memory: { ...stuck, migration: 'setup' } },
      { ...given, memory: { ...stuck, runState: 'postmigrate' } },
      { ...given, job: { unknown: 'EACCES' } },
    ]) {
      expect(objection(strategy, active)).toBeDefined();
    }
  });

  test('flags are never written while a root node is INACTIVE, or unseen', () => {
    for (const strategy of ['memory', 'gdb'] as const) {
      expect(objection(strategy, { ...given, memory: half })).toBeDefined();
      expect(objection(strategy, { ...given, memory: { unknown: 'no layout' } })).toBeDefined();
    }
    for (const strategy of ['cont', 'suspend-resume'] as const) {
      expect(objection(strategy, { ...given, memory: half })).toBeUndefined();
    }
  });

  test('a paused guest is not started, whoever calls it paused', () => {
    const paused = { ...running, status: 'paused' };
    expect(objection('cont', { ...given, answers: paused })).toMatchObject({
      why: expect.stringContaining('would start it') as unknown,
    });
    expect(objection('suspend-resume', { ...given, libvirtState: 'paused' })).toBeDefined();
    expect(objection('suspend-resume', { ...given, memory: { ...stuck, runState: 'paused' } })).toBeDefined();
    // blockdev-set-active starts nothing.
    expect(objection('cont', { ...given, answers: { ...paused, inactiveNodes: ['n'] } })).toBeUndefined();
  });

  test('nobody answers: that is not a refusal', () => {
    const silent = { unknown: 'libvirtd did not answer in time' };
    expect(objection('cont', { ...given, answers: silent })).toMatchObject({ unknown: true });
    expect(objection('suspend-resume', { ...given, libvirtState: silent })).toMatchObject({ unknown: true });
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
    ['a later migration of which the log does not tell the end', begun + kept + begun, {}],
    ['a log that does not go back far enough', '', { gap: 'rotated' }],
  ])('is not ruled out by %s', (_, text, more) => {
    expect(judge(text, more)).toMatchObject({
      unknown: true,
      why: expect.stringContaining('--destination') as unknown,
    });
  });

  test('is not ruled out by a log that cannot be read; and keeps those away that take the disks back', () => {
    const copy = objectionToCopy({ unknown: 'EACCES' }, 'one-1');
    expect(copy).toMatchObject({ unknown: true });
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

test('a layout survives being written and read, and nothing else does', () => {
  expect(parseLayout(JSON.stringify(layout))).toEqual(layout);
  for (const broken of [
    null,
    [],
    'x',
    { ...layout, version: 2 },
    { ...layout, runStates: ['running'] },
    { ...layout, symbols: [] },
  ]) {
    expect(checkLayout(broken)).toHaveProperty('unknown');
  }
});
