import { judgeMemory, type LogFacts } from '../../../src/block-state/model/judge';
import { judgeLog, type WithoutMemory } from '../../../src/block-state/model/judge-log';
import { isBrokenStream, readLog, sinceStart } from '../../../src/block-state/model/log-signatures';
import type { QemuAnswers } from '../../../src/hypervisor/model/qmp';
import { backend, memory } from '../../support/block-state-factories';

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
      const judged = judgeMemory(memory(all, { runState, migration: 'completed' }), 'one-310');
      expect(judged).toMatchObject({ blockState: 'unknown' });
    },
  );

  // All guests that arrived paused have such disks. The second state is QEMU 7.2's for a guest that was paused when
  // its migration failed.
  test.each(['paused', 'postmigrate', 'io-error', 'suspended', 'guest-panicked'])(
    'a guest that is %s with INACTIVE disks waits for its resume',
    (runState) => {
      const disks = [backend('a', { inactive: true, stuck: true }), backend('b', { stuck: true })];
      const { blockState, findings } = judgeMemory(memory(disks, { runState }), 'one-310');
      expect(blockState).toBe('not-resumed');
      const problem = {
        state: 'problem',
        remedy: expect.stringContaining('virsh resume one-310') as unknown,
      };
      expect(findings).toMatchObject([problem, problem]);
    },
  );

  test.each(['paused', 'running'])(
    'a guest that is %s: all fatal actions for its INACTIVE disks are named',
    (runState) => {
      const judged = judgeMemory(memory([backend('a', { inactive: true })], { runState }), 'one-310');
      expect(judged.findings[0]?.what).toMatch(/a migration, a save or a resize of the disk aborts QEMU$/);
    },
  );
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
    ['migration_iteration_run: postcopy failed to start', 'inactivate-failed'],
    ['postcopy_start: Failed in bdrv_inactivate_all(): Operation not permitted', 'inactivate-failed'],
    ['postcopy_start: Failed in bdrv_inactivate_all()', 'inactivate-failed'],
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

  test('other complaints of QEMU are noted, and lines that are not complaints are not', () => {
    const text =
      said('something new failed') +
      said('-chardev pty,id=c: char device redirected to /dev/pts/3') +
      'LC_ALL=C \\\n';
    expect(readLog(text)).toMatchObject({
      signatures: [],
      complaints: [expect.stringContaining('something new') as unknown],
    });
  });

  // log_timestamp = 0 of libvirt's qemu.conf; the last three are not by QEMU's error_report.
  test('lines without a time are read, too', () => {
    const pipe = 'qemu-system-x86_64: Unable to write to socket: Broken pipe';
    const text = [
      'qemu-system-x86_64: qemu_savevm_state_complete_precopy_non_iterable: bdrv_inactivate_all() failed (-1)',
      'qemu-kvm-one: something new failed',
      pipe,
      'qemu-system-x86_64: warning: something is deprecated',
      'qemu-system-x86_64: terminating on signal 15 from pid 1 (/sbin/init)',
      'char device redirected to /dev/pts/3 (label c)',
      '/usr/bin/qemu-system-x86_64 \\',
      '(qemu-system-x86_64:7): GLib-WARNING **: 09:46:41.938: something',
    ].join('\n');
    const { signatures, complaints } = readLog(text);
    expect(signatures).toMatchObject([{ meaning: 'inactivate-failed' }]);
    expect(complaints).toEqual(['qemu-kvm-one: something new failed', pipe]);
    expect(complaints.map(isBrokenStream)).toEqual([false, true]);
  });

  test.each([
    'Unable to write to socket: Broken pipe',
    'Unable to write to socket: Bad file descriptor',
    'Unable to read from socket: Connection reset by peer',
    'Unable to write to file: Broken pipe',
    'Cannot write to TLS channel: Input/output error',
    'failed to save SaveStateEntry with id(name): 3(ram): -5',
    'multifd_send_pages: channel 1 has already quit!',
  ])('a broken stream says nothing about the disks: %s', (text) => {
    const { complaints, signatures } = readLog(said(text));
    expect([signatures, complaints.map(isBrokenStream)]).toEqual([[], [true]]);
  });

  test('the broken connection of a disk is not a broken stream', () => {
    const text = 'Failed to send option request header: Unable to write to socket: Broken pipe';
    expect(readLog(said(text)).complaints.map(isBrokenStream)).toEqual([false]);
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
  const without = (facts: WithoutMemory['log'], reported: WithoutMemory['answers']): WithoutMemory => ({
    why: 'no layout',
    log: facts,
    answers: reported,
    origin: { cameOver: false, hasRun: false },
    state: 'running',
  });
  const broken = said('Unable to write to socket: Broken pipe').trim();
  const failure = [{ meaning: 'inactivate-failed' as const, line: 'bdrv_inactivate_all() failed (-1)' }];

  test.each([
    ['complete, without a failure', log(), undefined, 'healthy'],
    ['a failure', log({ signatures: failure }), answers(), 'unknown'],
    [
      'a failure, without an answer',
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
    ['incomplete', log({ gap: 'rotated' }), answers(), 'unknown'],
    [
      'incomplete, but never a migration',
      log({ gap: 'rotated' }),
      answers({ migration: undefined }),
      'healthy',
    ],
    ['unreadable', { unknown: 'EACCES' }, answers(), 'unknown'],
    ['unreadable, without an answer', { unknown: 'EACCES' }, { unknown: 'no' }, 'unknown'],
    ['an unknown complaint and a failed migration', log({ complaints: ['x'] }), answers(), 'unknown'],
    [
      'an unknown complaint and no failed migration',
      log({ complaints: ['x'] }),
      answers({ migration: 'cancelled' }),
      'healthy',
    ],
    ['an unknown complaint, without an answer', log({ complaints: ['x'] }), { unknown: 'no' }, 'unknown'],
    ['a broken stream and a failed migration', log({ complaints: [broken] }), answers(), 'healthy'],
    ['a broken stream, without an answer', log({ complaints: [broken] }), { unknown: 'no' }, 'unknown'],
    ['a broken stream, and more', log({ complaints: [broken, 'x'] }), answers(), 'unknown'],
    ['without a failure, but handing over', log(), answers({ status: 'finish-migrate' }), 'unknown'],
    [
      'without a failure, after a migration by QMP that completed',
      log(),
      answers({ status: 'postmigrate', migration: 'completed' }),
      'unknown',
    ],
    ['without a failure, but QEMU does not answer', log(), { unknown: 'libvirtd did not answer' }, 'unknown'],
    [
      'silent, and nodes inactive (QEMU 10)',
      log(),
      answers({ migration: undefined, inactiveNodes: ['n'] }),
      'half-inactive',
    ],
    [
      'silent, and nodes inactive while it is paused (QEMU 10)',
      log(),
      answers({ status: 'paused', inactiveNodes: ['n'] }),
      'not-resumed',
    ],
  ])('%s', (_, facts, told, blockState) => {
    expect(judgeLog(without(facts, told), 'one-310')).toMatchObject({ blockState });
  });

  const came = { cameOver: true, hasRun: false };
  const paused = answers({ status: 'paused', migration: 'completed' });

  test.each([
    ['paused, without a query', undefined, 'paused', came],
    ['paused, and QEMU confirms it', { ...paused, hasServed: false }, 'paused', came],
    ['paused, and libvirt does not know it yet', { ...paused, hasServed: false }, 'running', came],
    ['paused, without an answer', { unknown: 'libvirtd did not answer' }, 'paused', came],
    ['of an unknown state', undefined, undefined, came],
  ])('an arrived guest is %s: it may wait for its resume', (_, told, state, origin) => {
    const judged = judgeLog({ ...without(log(), told), state, origin }, 'one-310');
    expect(judged).toMatchObject({ blockState: 'unknown', mayWait: true });
    expect(judged.findings[0]?.remedy).toContain('virsh resume one-310');
  });

  test.each([
    ['runs', undefined, 'running', came],
    ['runs, and QEMU confirms it', answers({ migration: 'completed' }), 'running', came],
    ['has run here under KVM', paused, 'paused', { cameOver: true, hasRun: true }],
    ['was served by a disk here', { ...paused, hasServed: true }, 'paused', came],
    ['started here, and is paused', paused, 'paused', { cameOver: false, hasRun: false }],
  ])('a guest that %s does not wait', (_, told, state, origin) => {
    const judged = judgeLog({ ...without(log(), told), state, origin }, 'one-310');
    expect(judged.blockState).toBe('healthy');
    expect(judged).not.toHaveProperty('mayWait');
  });
});
