import { causeOf, MoveLog } from '../../../src/move/model/failure-cause';

/** The lines of QEMU's log about a move. */

function heard(...lines: readonly string[]): Pick<MoveLog, 'handingOverFailed' | 'wasSaved'> {
  const log = new MoveLog();
  lines.forEach((line) => log.take(line));
  const { handingOverFailed, wasSaved } = log;
  return { handingOverFailed, wasSaved };
}

const harmless = '2024-03-05T10:00:00.000000Z qemu-system-x86_64: warning: a guest that says much';

test.each([
  ['QEMU 7.2', 'qemu_savevm_state_complete_precopy_non_iterable: bdrv_inactivate_all() failed (-1)'],
  ['QEMU 10', 'migration_block_inactivate: bdrv_inactivate_all() failed: -1'],
  ['QEMU 11', 'Block inactivate failed during switchover'],
  ['QEMU 7.2, post-copy', 'migration_iteration_run: postcopy failed to start'],
  ['QEMU 9, post-copy', 'postcopy_start: Failed in bdrv_inactivate_all(): Operation not permitted'],
  ['its death', "bdrv_inactivate_recurse: Assertion `!(bs->open_flags & BDRV_O_INACTIVE)' failed."],
])('%s: it could not hand over, whatever follows in the log', (_, words) => {
  const log = heard(harmless, `2024-03-05T10:00:00.000000Z qemu-system-x86_64: ${words}`, harmless);
  expect(log).toMatchObject({ handingOverFailed: true, wasSaved: false });
  expect(causeOf({ ...log, alive: true, stalled: true })).toBe('handing-over');
  expect(causeOf({ ...log, alive: false, stalled: true })).toBe('died');
});

test('saved, by libvirt’s last line; another line with the same words does not count', () => {
  const last = '2024-03-05 10:00:00.000+0000: shutting down, reason=saved';
  expect(heard(harmless, last)).toMatchObject({ handingOverFailed: false, wasSaved: true });
  expect(heard(`${last} or not`)).toMatchObject({ wasSaved: false });
});

test.each([
  [
    "error: operation failed: job 'migration out' failed: Block inactivate failed during switchover\n",
    'handing-over',
  ],
  ['error: operation failed: Error in migration completion: Bad address\n', 'other'],
  ["error: operation aborted: job 'migration out' canceled by client\n", 'other'],
])('without a log, by what virsh says: %s', (stderr, cause) => {
  const log = new MoveLog();
  log.takeOutput({ stdout: '', stderr });
  const { handingOverFailed } = log;
  expect(causeOf({ handingOverFailed, alive: true, stalled: false })).toBe(cause);
});

test('no such line: another failure', () => {
  const log = heard(harmless);
  expect(causeOf({ ...log, alive: true, stalled: false })).toBe('other');
  expect(causeOf({ ...log, alive: true, stalled: true })).toBe('stalled');
});
