import { hostname } from 'node:os';
import { tellOf } from '../faults/failed-migration';
import { configuration, furnish } from '../faults/workflow';
import { type Qemu, stateDirectory, useStage } from '../harness';
import { guardedMove, guardedSave, handingOverFailed } from '../harness/fake-virsh';

// The recovery of a VM after its mover has failed, and the report about it.

const on = useStage();
let qemu: Qemu;

beforeEach(async () => {
  furnish(on.stage);
  ({ qemu } = await on.startHealthy());
  tellOf(on.stage, 'none');
});

const fails = `touch /mnt/failed
    echo '${handingOverFailed}' >>$log
    echo 'error: the job unexpectedly failed' >&2
    exit 17`;
const migrationFailed = `[ ! -e /mnt/failed ] || migration='"status":"failed"'`;
/** Shell commands: QEMU ends, as it does if its guest writes to a disk that is INACTIVE. */
const dies = (): string =>
  `kill -KILL ${qemu.pid}; while kill -0 ${qemu.pid} 2>/dev/null; do sleep 0.01; done`;

test.each([
  ['the standby is about to return them', '[cont, suspend-resume]'],
  ['a reset is', '[suspend-resume, cont]'],
])(
  'QEMU dies because it lacks its disks, when %s: an operator is needed, and the mover’s message stays',
  async (_, order) => {
    const { exit, report } = await guardedSave(
      on.stage,
      { move: fails, before: `${migrationFailed}; [ ! -e /mnt/failed ] || { ${dies()}; }` },
      { configure: (yaml) => yaml.replace('reset: {', `reset: { strategies: ${order},`) },
    );
    expect([exit, report.result]).toEqual([4, 'person']);
    expect(report.what).toBe('QEMU died during the move: one-310 runs nowhere');
    expect(report.remedy).toMatch(/one-310\.log, try virsh restore \/mnt\/file, then start the VM again$/);
    expect(report.output).toEqual({ exit: 17, stdout: '', stderr: 'error: the job unexpectedly failed\n' });
  },
);

test('QEMU is dead before its job has ended: this is reported at once, whatever time a job has to end', async () => {
  const move = `rm ${stateDirectory}/one-310.xml; ${dies()}; ${fails}`;
  const { exit, report } = await guardedSave(
    on.stage,
    { move },
    { configure: (yaml) => `${yaml}migrate: { destination_deadline: 3600 }\n` },
  );
  expect([exit, report.what]).toEqual([4, 'QEMU died during the move: one-310 runs nowhere']);
});

test('libvirtd does not answer the standby: QEMU is reset, and moved at the second attempt', async () => {
  // The first virsh that runs after the failure ends without an answer.
  const before = `${migrationFailed}; [ ! -e /mnt/failed ] || [ -e /mnt/ended ] || { touch /mnt/ended; exit 1; }`;
  const { exit, report } = await guardedSave(on.stage, {
    move: `[ ! -e /mnt/failed ] || exit 0; ${fails}`,
    before,
  });
  expect([exit, report.result]).toEqual([0, 'done']);
  expect(report.actions).toMatchObject([
    { action: 'reset', what: expect.stringMatching(/healed by cont/) as string },
  ]);
});

test('QEMU is about to resume the guest: the standby tries again, and returns the disks at once', async () => {
  const asked =
    'echo asked >>/mnt/asked; state=running; [ $(wc -l </mnt/asked) -ge 3 ] || state=finish-migrate';
  const { exit, report } = await guardedSave(on.stage, {
    move: `[ ! -e /mnt/failed ] || exit 0; ${fails}`,
    before: `${migrationFailed}; [ ! -e /mnt/failed ] || case "$*" in *query-status*) ${asked} ;; esac`,
  });
  expect([exit, report.result]).toEqual([0, 'done']);
  expect(report.actions[0]).toMatchObject({ action: 're-activate' });
});

test('the guest is paused: its resume returns the disks, not a reset', async () => {
  const { exit, report } = await guardedSave(on.stage, {
    move: fails,
    before: `${migrationFailed}; [ ! -e /mnt/failed ] || state=postmigrate`,
  });
  expect([exit, report.result]).toEqual([4, 'person']);
  expect(report.what).toMatch(
    /^QEMU does not have its disks back after a failed hand-over: cont: the guest is postmigrate/,
  );
  expect(report.remedy).toBe(
    'when the guest may run again, and no other host has a copy of it: virsh resume one-310',
  );
});

test('a mover that fails after libvirt has saved: the guest is not reported as dead or to be started again', async () => {
  const move = `echo '2024-03-05 10:00:00.000+0000: shutting down, reason=saved' >>$log
    ${dies()}
    exit 17`;
  const { exit, report } = await guardedSave(on.stage, { move });
  expect([exit, report.result]).toEqual([17, 'mover-failed']);
  expect(report.what).toBe('one-310 was saved and no longer runs, although the mover failed');
  expect(report.remedy).toContain(`on ${hostname()}, virsh restore /mnt/file continues it with its memory`);
  // The cause is not a crash of QEMU.
  expect(report.attempts).toEqual([{ mover: 'virsh save', exit: 17, cause: 'other' }]);
});

test('libvirt does not end a job without progress, and gets a second request later', async () => {
  const status = `${stateDirectory}/one-310.xml`;
  const { exit, report } = await guardedSave(
    on.stage,
    {
      move: `sed -i "s|<namespaces>|<job type='none' async='save'/>&|" ${status}
    until [ -e /mnt/aborted ]; do sleep 0.05; done
    sed -i '/<job /s|<job [^>]*>||' ${status}
    exit 17`,
      before: `case "$*" in
    *domjobinfo*) echo 'Data remaining:   5.000 MiB'; return ;;
    *domjobabort*) echo again >>/mnt/orders; [ $(wc -l </mnt/orders) -le 3 ] || touch /mnt/aborted; [ -e /mnt/aborted ]; return ;;
  esac`,
    },
    { configure: (yaml) => `${yaml}migrate: { stall_deadline: 1, destination_deadline: 1 }\n` },
  );
  expect([exit, report.result, report.attempts]).toEqual([
    17,
    'mover-failed',
    [{ mover: 'virsh save', exit: 17, cause: 'stalled' }],
  ]);
  expect(report.actions.map(({ what }) => what)).toEqual([
    'the copy has made no progress for 1 s: libvirt is asked to end its job',
    expect.stringMatching(/^libvirt does not end its job: .*; waiting for it$/),
  ]);
});

test('QEMU takes its disks back by itself, and a copy stays on the destination: no retry', async () => {
  const before = `${migrationFailed}; case "$*" in
    *query-named-block-nodes*) echo '{"return":[{"drv":"raw","node-name":"a","active":true}]}'; return ;;
    *list*) echo ${qemu.uuid}; return ;;
  esac`;
  const { exit, report } = await guardedMove(on.stage, { move: fails, before });
  expect([exit, report.result, report.blockState]).toEqual([17, 'mover-failed', 'healthy']);
  expect(report.what).toBe('kvm2 still has a copy of one-310; the failed move is not retried');
  expect(report.attempts).toHaveLength(1);
});

test('it is unknown whether the destination has a copy: the advised remedy resets it later', async () => {
  const before = `${migrationFailed}; case "$*" in *list* | *--reason*) [ -e /mnt/answers ]; return ;; esac`;
  const { exit, report } = await guardedMove(on.stage, { move: fails, before });
  expect([exit, report.result]).toEqual([4, 'person']);
  const order = 'migrate-guard reset one-310 --destination kvm2';
  expect(report.remedy).toBe(`once kvm2 has no copy of it: ${order}, before the guest writes`);
  on.stage.host.file('/mnt/answers', '');
  const reset = await on.stage.run([...order.split(' ').slice(1), '--config', configuration], {
    env: { PATH: `/mnt/bin:${process.env['PATH'] ?? ''}` },
  });
  expect([reset.exit, reset.stdout]).toEqual([0, expect.stringContaining('one-310: healed')]);
});

test('a process without free descriptors does not report a running QEMU as dead', async () => {
  const limit = `grep -q 'migrate-guard' /proc/$PPID/cmdline && prlimit --nofile=10: --pid $PPID`;
  const { exit, report } = await guardedSave(
    on.stage,
    { move: `${limit}; ${fails}`, before: migrationFailed },
    { configure: (yaml) => `${yaml}migrate: { destination_deadline: 1 }\n` },
  );
  expect([exit, report.attempts]).toEqual([4, [{ mover: 'virsh save', exit: 17, cause: 'handing-over' }]]);
  expect(report.what).not.toMatch(/died|runs nowhere/);
});
