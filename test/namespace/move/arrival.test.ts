import { tellOf } from '../faults/failed-migration';
import { configuration, furnish } from '../faults/workflow';
import { type Qemu, stateDirectory, useStage } from '../harness';
import { guardedMove } from '../harness/fake-virsh';

// The copy that the destination has when the mover has ended, and the report about it.

const on = useStage();
let qemu: Qemu;

beforeEach(async () => {
  furnish(on.stage);
  ({ qemu } = await on.startHealthy());
  tellOf(on.stage, 'none');
});

/** Shell commands: QEMU here ends, as it does after a complete hand-over. */
const leaves = (): string =>
  `kill -KILL ${qemu.pid}; while kill -0 ${qemu.pid} 2>/dev/null; do sleep 0.01; done`;
/** Shell commands: libvirt's answer about the copy on the destination; none while there is no copy. */
const copyIs = (reported: string): string => `case "$*" in
    *domstate*--reason*) [ -z '${reported}' ] || echo '${reported}'; return 0 ;;
    *list*) [ -z '${reported}' ] || echo ${qemu.uuid}; return 0 ;;
  esac`;
const fails = "echo 'a long story' >&2; echo 'error: snapshot-create: no such file' >&2; exit 17";

describe('the mover fails, and QEMU here has ended', () => {
  const failing = (reported: string): ReturnType<typeof guardedMove> =>
    guardedMove(on.stage, { move: `${leaves()}; ${fails}`, before: copyIs(reported) });

  test('the guest runs on the destination: it has been moved, and the mover’s output is printed', async () => {
    const { exit, report } = await failing('running (migrated)');
    expect([exit, report.result, report.warning]).toEqual([0, 'done', true]);
    expect(report.what).toBe(
      'it runs on kvm2, although the mover failed: error: snapshot-create: no such file',
    );
    // The cause is not a crash of QEMU.
    expect(report.attempts).toEqual([{ mover: 'virsh migrate', exit: 17, cause: 'other' }]);
  });

  test.each(['paused (user)', 'paused (I/O error)'])(
    'it is complete on the destination, %s: it is the only copy, and no message advises to end it',
    async (told) => {
      const { exit, report } = await failing(told);
      expect([exit, report.result]).toEqual([4, 'person']);
      expect(report.what).toBe(
        `one-310 no longer runs here; all of it is on kvm2, and it is paused there (${told})`,
      );
      expect(report.remedy).toBe('the only copy: never destroy it; virsh resume one-310, on kvm2');
    },
  );

  test.each(['paused (migrating)', 'running (post-copy failed)'])(
    'it may be incomplete on the destination, %s: it must not be started anywhere before that is known',
    async (told) => {
      const { exit, report } = await failing(told);
      expect([exit, report.result]).toEqual([4, 'person']);
      expect(report.what).toBe(
        `one-310 no longer runs here, and its copy on kvm2 may be incomplete (${told})`,
      );
      expect(report.remedy).toMatch(/^start it nowhere before virsh domstate --reason one-310 on kvm2 says/);
    },
  );

  test('the guest runs on the destination, and it is unknown whether it is gone here: nothing is proved', async () => {
    const move = `chmod 666 ${stateDirectory}/one-310.xml; ${leaves()}; ${fails}`;
    const { exit, report } = await guardedMove(on.stage, { move, before: copyIs('running (migrated)') });
    expect([exit, report.result]).toEqual([4, 'person']);
    expect(report.what).toMatch(
      /^one-310 is on kvm2 \(running \(migrated\)\) and may be here, too: whether a QEMU of it is here is not known: /,
    );
    expect(report.remedy).toMatch(/^never resume it here, as it runs on kvm2; /);
  });

  test('the destination has nothing of it: it died', async () => {
    const { exit, report } = await failing('');
    expect([exit, report.what]).toEqual([4, 'QEMU died during the move: one-310 runs nowhere']);
    expect(report.attempts).toMatchObject([{ cause: 'died' }]);
  });

  test('an incomplete copy has time to disappear', async () => {
    const before = `case "$*" in
      *domstate*--reason*) [ -e /mnt/listed ] || echo 'paused (migrating)'; return 0 ;;
      *list*) touch /mnt/listed; return 0 ;;
    esac`;
    const { exit, report } = await guardedMove(on.stage, { move: `${leaves()}; ${fails}`, before });
    expect([exit, report.what]).toEqual([4, 'QEMU died during the move: one-310 runs nowhere']);
  });

  test('the virsh session on the destination has ended: another one starts', async () => {
    const before = `case "\${stays-} $*" in yes*domstate*--reason*) exit 1 ;; esac
      ${copyIs('running (migrated)')}`;
    const { exit, report } = await guardedMove(on.stage, { move: `${leaves()}; ${fails}`, before });
    expect([exit, report.result]).toEqual([0, 'done']);
  });
});

test('the mover fails, the guest is paused here, and runs on the destination: no message advises to resume it here', async () => {
  const before = `[ ! -e /mnt/failed ] || state=paused; ${copyIs('running (migrated)')}`;
  const { exit, report } = await guardedMove(on.stage, { move: `touch /mnt/failed; ${fails}`, before });
  expect([exit, report.result]).toEqual([4, 'person']);
  expect(report.what).toMatch(/^one-310 is on kvm2 \(running \(migrated\)\) and may be here, too: /);
  expect(report.remedy).toMatch(
    /^never resume it here, as it runs on kvm2; when it is well there, .*: virsh destroy one-310, on /,
  );
});

test('the mover fails, the guest is paused here, and the destination does not answer: its state must be found out first', async () => {
  const before = `[ ! -e /mnt/failed ] || state=paused; case "$*" in *--reason* | *list*) return 1 ;; esac`;
  const { exit, report } = await guardedMove(on.stage, { move: `touch /mnt/failed; ${fails}`, before });
  expect([exit, report.result]).toEqual([4, 'person']);
  expect(report.remedy).toBe(
    'see that kvm2 has no copy of it: virsh list --all, on kvm2; then see virsh domstate --reason one-310, then virsh resume one-310',
  );
});

describe('the mover succeeds', () => {
  const moved = (before: string): ReturnType<typeof guardedMove> =>
    guardedMove(on.stage, { move: 'exit 0', before });

  test('the guest runs on the destination: no message', async () => {
    const { exit, report } = await moved(copyIs('running (migrated)'));
    expect([exit, report.what, report.warning]).toEqual([0, 'done', undefined]);
  });

  test('the guest is paused on the destination, and ran before: a warning, and how to resume it', async () => {
    const { exit, report } = await moved(copyIs('paused (user)'));
    expect([exit, report.result, report.warning]).toEqual([0, 'done', true]);
    expect(report.what).toBe('it was migrated, but is paused on kvm2 (paused (user)); it ran before');
    expect(report.remedy).toBe('virsh resume one-310, on kvm2');
  });

  test('a warning after a success is printed as text, too', async () => {
    await moved(copyIs('paused (user)'));
    const { exit, stdout, stderr } = await on.stage.run(
      ['migrate', 'one-310', 'kvm2', '--config', configuration],
      {
        env: { PATH: `/mnt/bin:${process.env['PATH'] ?? ''}` },
      },
    );
    expect([exit, stdout, stderr]).toEqual([
      0,
      'one-310: done\n',
      'migrate-guard: warning: one-310: it was migrated, but is paused on kvm2 (paused (user)); it ran before\n' +
        '  -> virsh resume one-310, on kvm2\n',
    ]);
  });

  test('a process that outlives the mover resumes it: no message', async () => {
    const { exit, report } = await moved(`case "$*" in
      *domstate*--reason*) echo asked >>/mnt/asked; [ $(wc -l </mnt/asked) -ge 3 ] && echo 'running (unpaused)' || echo 'paused (user)'; return 0 ;;
    esac`);
    expect([exit, report.what, report.warning]).toEqual([0, 'done', undefined]);
    expect(on.stage.host.read('/mnt/asked').trim().split('\n').length).toBe(3);
  });

  test('libvirt on the destination does not answer: no message', async () => {
    const { exit, report } = await moved('case "$*" in *--reason* | *list*) return 1 ;; esac');
    expect([exit, report.what, report.warning]).toEqual([0, 'done', undefined]);
  });
});

test('a guest that was paused before is not checked after its move', async () => {
  const status = `${stateDirectory}/one-310.xml`;
  const paused = on.stage.host.read(status).replace("state='running'", "state='paused'");
  on.stage.host.file(status, paused, { mode: 0o600 });
  const { exit, report } = await guardedMove(on.stage, {
    move: 'exit 0',
    before: 'case "$*" in *--reason*) touch /mnt/asked ;; esac',
  });
  expect([exit, report.what]).toEqual([0, 'done']);
  expect(on.stage.host.inside('sh', '-c', 'ls /mnt')).not.toContain('asked');
});
